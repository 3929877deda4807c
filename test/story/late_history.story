# A sender comes back after an hour and writes what it kept: an outage of long
# ago. It is in the log of anomalies and pages nobody.
config
  storage: {out_of_order_window: 1d}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x519
  http_requests_total{service="pay",code="500"} 0+10x519
load 15s sent 2h jitter 3%
  # an hour healthy, ten minutes with 30 % errors, ten minutes healthy
  http_requests_total{service="mail",code="200"} 0+990x239 237310+700x39 265600+990x39
  http_requests_total{service="mail",code="500"} 0+10x239 2690+300x39 14400+10x39

expect never 0s and 1h59m anomaly mail http_requests_total
expect between 2h and 2h1m anomaly mail http_requests_total
expect never 0s and 2h10m incident mail open
expect never 0s and 2h10m alert high_error_rate mail firing
expect total incidents = 0
expect total messages pager = 0
