# A problem that comes back within half an hour reopens its incident; the second
# message is a reopening, not a new page.
config
  incidents: {flap_window: 20m} # two turns in half an hour are no flapping here
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x59 1130010+1400x39 1186600+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x59 29990+600x39 53400+10x119

expect between 2h and 2h4m incident pay open
expect between 2h11m and 2h25m incident pay resolved
expect between 2h25m and 2h30m incident pay open
expect between 2h25m and 2h30m message pager reopened
expect between 2h36m and 3h5m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
expect total messages pager reopened = 1
expect total messages pager resolved = 2
