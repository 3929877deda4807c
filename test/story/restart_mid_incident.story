# The daemon is stopped in order and started again in the middle of an incident:
# nothing is sent twice, nothing is forgotten, and the recovery is still seen.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x79 1067200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x79 52800+10x119

change at 2h service=pay version_from=v41 version_to=v42
restart at 2h6m
restart at 2h8m

expect at 2h5m45s alert high_error_rate pay firing
expect between 2h and 2h4m incident pay open
expect at 2h12m incident pay open
expect at 2h12m alert high_error_rate pay firing
expect at 2h12m suspect pay "deployment pay v41 -> v42"
expect never 2h6m and 2h19m message pager opened
expect between 2h22m and 2h40m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
expect total messages pager resolved = 1
