# A healthy day with a daily shape, a deployment that does no harm, and a process
# restart that resets its counters: nobody is told anything.
tick 1m
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 1m jitter 4%
  # traffic doubles in the working hours; the counters restart from zero at 15:00
  http_requests_total{service="pay",code="200"} 0+4000x479 1924000+8000x419 8000+8000x239 1924000+4000x299
  http_requests_total{service="pay",code="500"} 0+20x479 9620+40x419 40+40x239 9620+20x299

change at 10h service=pay version_from=v41 version_to=v42
restart at 12h

expect never 0s and 24h incident pay open
expect total incidents = 0
expect total messages pager = 0
