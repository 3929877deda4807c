# The latency of a service doubles: far from any threshold that one would write,
# and unlike itself. Another service gets faster, which is odd too and no trouble.
config
  incidents: {strong_score: 1, raw_strong_score: 1} # only the alert opens one
alerts
  alerts:
    - name: unusual_latency
      condition: anomaly(p95_latency) > 0.99 for 2m
      recovery: anomaly(p95_latency) < 0.9
      severity: critical
load 15s jitter 3%
  http_request_duration_seconds_bucket{service="pay",le="0.05"} 0+900x479 432000+0x40 432000+900x79
  http_request_duration_seconds_bucket{service="pay",le="0.1"} 0+1000x479 480000+100x40 484100+1000x79
  http_request_duration_seconds_bucket{service="pay",le="0.25"} 0+1000x479 480000+1000x40 521000+1000x79
  http_request_duration_seconds_bucket{service="pay",le="+Inf"} 0+1000x479 480000+1000x40 521000+1000x79
  http_request_duration_seconds_count{service="pay",code="200"} 0+1000x479 480000+1000x40 521000+1000x79
  http_request_duration_seconds_bucket{service="cart",le="0.05"} 0+200x479 96000+1000x120
  http_request_duration_seconds_bucket{service="cart",le="0.1"} 0+900x479 432000+1000x120
  http_request_duration_seconds_bucket{service="cart",le="0.25"} 0+1000x479 480000+1000x120
  http_request_duration_seconds_bucket{service="cart",le="+Inf"} 0+1000x479 480000+1000x120
  http_request_duration_seconds_count{service="cart",code="200"} 0+1000x479 480000+1000x120

expect never 30m and 2h alert unusual_latency pay firing
expect between 2h2m and 2h8m alert unusual_latency pay firing
expect between 2h2m and 2h9m message pager opened contains "anomaly score"
expect never 30m and 2h29m alert unusual_latency cart firing
expect between 2h10m and 2h29m alert unusual_latency pay none
