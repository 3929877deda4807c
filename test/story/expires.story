# The data of what burns never come back. That is no recovery, and not an incident
# for ever either: it expires, with the reason.
config
  incidents: {expire_after: 30m}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39
  http_requests_total{service="mail",code="200"} 0+1990x839

expect between 2h and 2h4m incident pay open
expect at 2h35m incident pay open
expect between 2h40m and 3h incident pay expired
expect between 2h40m and 3h timeline pay expired "no data of"
expect between 2h40m and 3h message pager expired
expect total messages pager resolved = 0
