# The error rate falls below the threshold and stays above the recovery: the alert
# goes on, over a restart too, and nobody hears of an end that is none.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      recovery: error_rate < 2%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x239 477010+1800x40 549800+1930x80 704950+1990x119
  http_requests_total{service="pay",code="500"} 0+10x239 2590+200x40 10660+70x80 16270+10x119

restart at 1h20m

expect between 1h1m and 1h6m alert high_error_rate pay firing
expect between 1h and 1h6m message pager opened
expect at 1h15m alert high_error_rate pay firing
expect at 1h25m alert high_error_rate pay firing
expect never 1h6m and 1h29m message pager resolved
expect between 1h30m and 1h36m alert high_error_rate pay none
expect between 1h30m and 1h50m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
