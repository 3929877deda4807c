# At night one request of four fails, which says little; by day the same share is
# an outage. With a least traffic the night stays quiet.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      min_traffic: 1/s
      duration: 2m
      severity: critical
load 15s
  http_requests_total{service="night",code="200"} 0+3x240
  http_requests_total{service="night",code="500"} 0+1x240
  http_requests_total{service="day",code="200"} 0+300x240
  http_requests_total{service="day",code="500"} 0+100x240

expect never 0s and 1h alert high_error_rate night firing
expect never 0s and 1h incident night open
expect between 2m and 5m alert high_error_rate day firing
expect between 2m and 5m incident day open
expect total incidents = 1
