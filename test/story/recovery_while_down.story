# The service recovers while the daemon is down. After the start it sees healthy
# data and resolves the incident.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x159
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x159

restart at 2h11m

expect at 2h9m incident pay open
expect between 2h12m and 2h25m incident pay resolved
expect at 2h49m alert high_error_rate pay none
expect total messages pager resolved = 1
