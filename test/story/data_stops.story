# In the middle of an incident the service stops sending. That is not a recovery:
# the alert is held and the incident stays open until good data return.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 _x80 1011200+1990x159
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 _x80 28800+10x159

expect between 2h and 2h4m incident pay open
expect at 2h9m alert high_error_rate pay firing
expect between 2h16m and 2h20m alert high_error_rate pay held
expect at 2h29m incident pay open
expect never 2h10m and 2h30m message pager resolved
expect between 2h32m and 2h50m incident pay resolved
expect total incidents = 1
expect total messages pager resolved = 1
