# A night of deployments is announced: errors in it are recorded and marked as
# expected, but open nothing. When the announcement is over, the same opens an
# incident, and so does what still burns when it ends.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  # two hours healthy, ten minutes with 30 % errors, healthy, and from 3h on errors again until 3h30m
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x159 1330300+1400x119 1498900+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x159 31000+600x119 102410+10x119

expected at 1h55m service=pay for=70m reason="deploy night" actor=ops

expect never 2h and 3h4m incident pay open
expect between 2h and 2h5m anomaly pay error_rate
expect between 2h and 2h5m expected pay error_rate
expect between 2h2m and 2h5m alert high_error_rate pay firing
expect never 2h and 3h4m message pager opened
# it ends at 3h5m, while errors have been back for a while
expect between 3h5m and 3h7m incident pay open
expect between 3h5m and 3h7m message pager opened contains "error_rate"
expect between 3h32m and 3h50m incident pay resolved
expect total incidents = 1
