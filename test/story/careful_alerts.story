# The shipped careful alerts: one service wavers between threshold and recovery and
# is told of once, another is too small to judge, a third loses its users.
tick 30s
config
  incidents: {strong_score: 1, raw_strong_score: 1} # only alerts open one
alerts
  # careful-alerts.yml: alerts that do not waver, do not page on three requests, and
  # need no threshold where the detector knows better. Use it with
  # rules.alert_files: [careful-alerts.yml].
  alerts:
    - name: requests_fail
      conditions:
        - error_rate > 5%
        - request_rate > 1/s
      recovery: error_rate < 2% or request_rate < 0.1/s
      duration: 2m
      severity: critical
      labels: {team: web}
      annotations:
        summary: "{{ $labels.service }} fails {{ $value | humanizePercentage }} of its requests"
      runbook: https://runbooks.example/requests-fail
    - name: requests_slow
      condition: p95_latency > 1s
      recovery: p95_latency < 700ms
      min_traffic: 30/m
      duration: 5m
      keep_firing_for: 5m
    - name: latency_unusual
      condition: anomaly(p95_latency) > 0.99 for 2m
      recovery: anomaly(p95_latency) < 0.9
      min_traffic: 1/s
      shadow: true
    - name: traffic_gone
      condition: request_rate < baseline / 10 and anomaly(request_rate, down) > 0.99
      recovery: request_rate > baseline / 3
      duration: 5m
      severity: critical
load 30s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x239 477010+1800x20 514800+1930x40 593930+1990x100
  http_requests_total{service="pay",code="500"} 0+10x239 2590+200x20 6660+70x40 9530+10x100
  http_requests_total{service="tiny",code="200"} 0+3x400
  http_requests_total{service="tiny",code="500"} 0+2x400
  http_requests_total{service="shop",code="200"} 0+1000x299 300000+10x100

expect between 2h2m and 2h6m alert requests_fail pay firing
expect at 2h20m alert requests_fail pay firing
expect between 2h32m and 2h38m alert requests_fail pay none
expect never 0s and 3h20m alert requests_fail tiny firing
expect never 0s and 2h29m alert traffic_gone shop firing
expect between 2h35m and 2h45m alert traffic_gone shop firing
expect between 2h35m and 2h45m incident shop open
expect total messages pager opened = 2
