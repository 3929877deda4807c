# A Prometheus rule file works as it is, with templates, for and labels.
rules
  groups:
    - name: shop
      interval: 15s
      rules:
        - record: service:requests:rate1m
          expr: sum by (service) (rate(http_requests_total[1m]))
        - alert: NoTraffic
          expr: service:requests:rate1m < 10
          for: 1m
          labels: {severity: critical}
          annotations:
            summary: "{{ $labels.service }} serves {{ $value | humanize }} requests a second"
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 953220+10x39 955600+1990x119

expect never 0s and 1h59m alert NoTraffic pay firing
expect between 2h1m and 2h4m alert NoTraffic pay firing
expect between 2h and 2h4m incident pay open
expect between 2h11m and 2h35m incident pay resolved
expect total incidents = 1
