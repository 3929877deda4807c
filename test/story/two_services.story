# Two services that fail at the same time are two incidents; each names its own
# deployment.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x59
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x59
  http_requests_total{service="mail",code="200"} 0+990x483 478870+700x55
  http_requests_total{service="mail",code="500"} 0+10x483 5130+300x55

change at 2h service=pay version_from=v41 version_to=v42
change at 2h1m service=mail version_from=m1 version_to=m2

expect between 2h and 2h4m incident pay open
expect between 2h1m and 2h5m incident mail open
expect at 2h10m suspect pay "deployment pay v41 -> v42"
expect at 2h10m suspect mail "deployment mail m1 -> m2"
expect total incidents = 2
expect total messages pager opened = 2
