# What people have mitigated is in hand, and resolves when it recovers.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x59 40800+10x179

person at 2h5m does=mitigate service=pay actor=ops note="traffic moved away"

expect between 2h5m and 2h6m incident pay mitigated
expect between 2h15m and 2h30m incident pay resolved
expect at 2h58m incident pay closed
expect total messages pager mitigated = 1
expect total messages pager closed = 0
