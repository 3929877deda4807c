# The shipped objectives: one service loses requests and answers slowly, both are
# told; another one keeps its objectives and is not.
tick 30s
config
  incidents: {strong_score: 1, raw_strong_score: 1} # only objectives open one
  rules: {interval: 30s}
slos
  slos:
    - name: availability
      description: Requests are answered without a failure of ours.
      objective: 99.9%
      window: 30d
      signal: availability
    - name: answers-within-300ms
      description: Requests are answered within 300 ms.
      objective: 99%
      window: 30d
      signal: latency
      threshold: 300ms
      low_traffic: {min_bad_events: 10}
load 30s
  http_requests_total{service="pay",code="200"} 0+300x149 45000+150x40
  http_requests_total{service="pay",code="500"} 0x149 0+150x40
  http_requests_total{service="cart",code="200"} 0+3000x190
  http_requests_total{service="cart",code="500"} 0+1x190
  http_request_duration_seconds_bucket{service="pay",le="0.1"} 0+290x149 43400+20x40
  http_request_duration_seconds_bucket{service="pay",le="0.3"} 0+299x149 44700+100x40
  http_request_duration_seconds_bucket{service="pay",le="+Inf"} 0+300x149 45000+300x40
  http_request_duration_seconds_bucket{service="cart",le="0.1"} 0+2900x190
  http_request_duration_seconds_bucket{service="cart",le="0.3"} 0+2990x190
  http_request_duration_seconds_bucket{service="cart",le="+Inf"} 0+3000x190

expect never 0s and 1h14m alert availability pay firing
expect between 1h15m and 1h20m alert availability pay firing
expect between 1h20m and 1h35m alert answers-within-300ms pay firing
expect between 1h15m and 1h20m message pager opened contains "error budget of availability"
expect never 0s and 1h34m incident cart open
expect total incidents = 1
