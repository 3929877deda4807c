# A person acknowledges; the incident stays acknowledged until it recovers. A person
# resolves another by hand while it still burns: it does not reopen by the same
# alert that never stopped.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x119
  http_requests_total{service="mail",code="200"} 0+990x479 474910+700x159
  http_requests_total{service="mail",code="500"} 0+10x479 5090+300x159

ack at 2h6m service=pay actor=ops note="looking"
resolve at 2h6m service=mail actor=ops note="known, being migrated"

expect at 2h5m incident pay open
expect at 2h8m incident pay acknowledged
expect between 2h11m and 2h30m incident pay resolved
expect at 2h7m incident mail resolved
expect at 2h35m incident mail resolved
expect total messages pager acknowledged = 1
expect total messages pager reopened = 0
