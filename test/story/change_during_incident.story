# While an incident burns, somebody deploys again. The change is on the timeline,
# but what came after the trouble is not its cause, also across a restart.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x239 477010+1400x79 589600+1990x119
  http_requests_total{service="pay",code="500"} 0+10x239 2990+600x79 50400+10x119

change at 59m30s service=pay version_from=v41 version_to=v42
change at 1h8m service=pay version_from=v42 version_to=v43
change at 1h9m service=pay version_from=v43 version_to=v44 status=started
restart at 1h12m

expect between 1h and 1h4m incident pay open
expect at 1h7m suspect pay "deployment pay v41 -> v42"
expect at 1h11m suspect pay "deployment pay v41 -> v42"
expect at 1h19m suspect pay "deployment pay v41 -> v42"
expect never 1h and 1h19m suspect pay "v43"
expect between 1h20m and 1h40m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
