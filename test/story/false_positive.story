# A person says that nothing was wrong. It ends for good: the same alert, which goes
# on, does not open it again, and a later one is another incident.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x59 1039200+1990x419
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x59 40800+10x419

person at 2h5m does=false_positive service=pay actor=ops note="a test of the load balancer"

expect at 2h4m incident pay open
expect between 2h5m and 2h6m incident pay false_positive
expect between 2h5m and 2h6m message pager false_positive
expect at 2h50m incident pay false_positive
expect total incidents = 1
expect total messages pager reopened = 0
