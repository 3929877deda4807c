# Two services that nobody knows to be related are two incidents; a person says that
# they are one. The younger goes on as the older, its thread is told so and then
# falls silent, and its recovery is the older's.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x79 1067200+1990x159
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x79 52800+10x159
  http_requests_total{service="mail",code="200"} 0+1990x487 970530+1400x71 1071920+1990x159
  http_requests_total{service="mail",code="500"} 0+10x487 5470+600x71 48080+10x159

person at 2h6m does=merge service=pay other=mail actor=ops note="one outage"

expect at 2h5m incident pay open
expect at 2h5m incident mail open
expect between 2h6m and 2h7m incident mail merged
expect between 2h6m and 2h7m message pager merged
expect between 2h6m and 2h8m timeline pay attached "took in"
expect at 2h10m incident pay open
expect between 2h20m and 2h40m incident pay resolved
expect never 2h7m and 3h incident mail open
expect total incidents = 2
expect total messages pager opened = 2
expect total messages pager merged = 1
expect total messages pager resolved = 1
