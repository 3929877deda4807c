# The four alerts that ship with the program, as they stand: each waits for its
# duration, goes to the channels that it names, and is over when its cause is.
alerts
  # alerts.yml
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 5m
      severity: critical
      channels: [pagerduty, slack]
    - name: slow_response_time
      condition: p95_latency > 1000ms
      duration: 10m
      severity: warning
      channels: [slack]
    - name: memory_usage
      condition: memory_percent > 85%
      duration: 15m
      severity: warning
      channels: [slack, email]
    - name: deployment_failure
      condition: deployment_status == failed
      severity: critical
      channels: [pagerduty, slack, email]
load 15s jitter 3%
  # pay: ten minutes of 30 % errors
  http_requests_total{service="pay",code="200"} 0+1990x239 477010+1400x39 533600+1990x159
  http_requests_total{service="pay",code="500"} 0+10x239 2990+600x39 26400+10x159
  # search: twenty minutes with a p95 of about two seconds
  http_request_duration_seconds_bucket{service="search",le="0.1"} 0+800x239 191500+300x79 216000+800x119
  http_request_duration_seconds_bucket{service="search",le="0.5"} 0+970x239 232330+500x79 272800+970x119
  http_request_duration_seconds_bucket{service="search",le="1"} 0+995x239 238505+700x79 294800+995x119
  http_request_duration_seconds_bucket{service="search",le="2.5"} 0+1000x439
  http_request_duration_seconds_bucket{service="search",le="+Inf"} 0+1000x439
  # cart: twenty minutes with nine tenths of the memory in use
  node_memory_MemTotal_bytes{service="cart",instance="cart-1"} 8e9x439
  node_memory_MemAvailable_bytes{service="cart",instance="cart-1"} 4e9x239 8e8x79 4e9x119

change at 40m service=mail version_to=m2 status=failed
change at 50m service=mail version_to=m3 status=succeeded

expect between 40m and 40m30s alert deployment_failure mail firing
expect between 40m and 40m30s message email opened contains "deployment_failure"
expect between 40m and 40m30s message pagerduty opened
expect at 51m alert deployment_failure mail none

expect never 0s and 1h4m45s alert high_error_rate pay firing
expect between 1h5m and 1h7m alert high_error_rate pay firing
expect between 1h5m and 1h7m message pagerduty attached contains "high_error_rate"
expect at 1h15m alert high_error_rate pay none

expect never 0s and 1h9m45s alert slow_response_time search firing
expect between 1h10m and 1h12m alert slow_response_time search firing
expect never 0s and 1h45m message pagerduty opened contains "search"
expect at 1h25m alert slow_response_time search none

expect never 0s and 1h14m45s alert memory_usage cart firing
expect between 1h15m and 1h17m alert memory_usage cart firing
expect at 1h25m alert memory_usage cart none

expect between 1h10m and 1h45m incident pay resolved
expect between 1h20m and 1h45m incident search resolved
expect between 1h20m and 1h45m incident cart resolved
expect total incidents = 4
