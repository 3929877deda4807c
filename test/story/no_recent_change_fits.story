# Errors begin although nobody changed anything near: the ranking says so instead
# of blaming the nearest deployment.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x59
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x59
  http_requests_total{service="search",code="200"} 0+1000x539
  http_requests_total{service="search",code="500"} 0+5x539

change at 20m service=search version_to=s2

expect between 2h and 2h4m incident pay open
expect at 2h10m suspect pay "no recent change fits"
expect total incidents = 1
