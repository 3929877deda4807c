# A pipeline reports that a deployment failed; no metric is involved. A later
# deployment that succeeds ends it.
alerts
  alerts:
    - name: deployment_failure
      condition: deployment_status == failed
      severity: critical
      channels: [pagerduty, slack, email]

change at 10m service=pay version_to=v42 status=failed
change at 20m service=pay version_to=v43 status=succeeded

expect never 0s and 9m45s incident pay open
expect between 10m and 10m30s alert deployment_failure pay firing
expect between 10m and 10m30s incident pay open
expect between 10m and 10m30s message pagerduty opened
expect between 10m and 10m30s message slack opened contains "deployment_failure"
expect between 10m and 10m30s message email opened
expect at 20m30s alert deployment_failure pay none
expect between 20m and 40m incident pay resolved
expect at 40m incident pay resolved
expect total messages pager = 0
expect total messages slack opened = 1
