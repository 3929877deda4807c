# A deployment breaks a service: one incident, which names the deployment, and a
# recovery when it is rolled back.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  # two hours healthy, ten minutes with 30 % errors, then healthy again
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x119

change at 30m service=search kind=config version_to=c7
change at 1h30m service=catalog version_from=v8 version_to=v9
change at 2h service=pay version_from=v41 version_to=v42
change at 2h10m service=pay version_from=v42 version_to=v41 summary="roll back"

expect never 0s and 1h59m incident pay open
expect between 2h and 2h2m anomaly pay error_rate
expect between 2h and 2h2m incident pay open
expect between 2h and 2h2m message pager opened contains "error_rate"
expect between 2h2m and 2h5m alert high_error_rate pay firing
expect at 2h5m suspect pay "deployment pay v41 -> v42"
expect at 2h9m incident pay open
expect at 2h3m verdict pay v42 collecting
expect between 2h12m and 2h25m incident pay resolved
expect between 2h12m and 2h25m message pager resolved contains "worst error_rate 31.3%, expected 0.502% ("
expect at 2h30m alert high_error_rate pay none
expect total incidents = 1
expect total messages pager opened = 1
expect total messages pager resolved = 1
