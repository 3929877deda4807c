# A shadow alert fires for the engine and for nobody else: no incident, no message.
# It does not begin anew after a restart.
config
  incidents: {strong_score: 1, raw_strong_score: 1}
alerts
  alerts:
    - name: would_page
      condition: error_rate > 5%
      duration: 2m
      severity: critical
      shadow: true
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x239 477010+1800x40 549800+1990x119
  http_requests_total{service="pay",code="500"} 0+10x239 2590+200x40 10600+10x119

restart at 1h6m

expect between 1h1m and 1h5m alert would_page pay firing
expect at 1h8m alert would_page pay firing
expect between 1h10m and 1h16m alert would_page pay none
expect total incidents = 0
expect total messages pager = 0
