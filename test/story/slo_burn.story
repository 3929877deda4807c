# A service with an objective fails in earnest: the page names the budget, and ends
# when the short window has seen the end of it. A second one has a dozen requests
# an hour, of which one fails now and then; nobody is woken for that.
tick 30s
config
  incidents: {strong_score: 1, raw_strong_score: 1} # only the objectives open one
  rules: {interval: 30s, rate_window: 5m}
slos
  slos:
    - name: availability
      objective: 99.9%
      signal: availability
      burn_rates: [{rate: 14.4, long: 1h, short: 5m, severity: critical}]
load 30s
  http_requests_total{service="pay",code="200"} 0+300x239 71700+240x59 85860+300x120
  http_requests_total{service="pay",code="500"} 0x239 0+60x59 3540x120
load 5m
  http_requests_total{service="backoffice",code="200"} 0+1x10 10+1x12 22+1x16
  http_requests_total{service="backoffice",code="500"} 0x10 1x12 2x16

expect never 0s and 2h alert availability pay firing
expect between 2h5m and 2h15m alert availability pay firing
expect between 2h5m and 2h15m message pager opened contains "error budget"
expect at 2h25m incident pay open
expect between 2h30m and 2h50m message pager resolved
expect never 0s and 3h20m alert availability backoffice firing
expect total incidents = 1
expect total messages pager opened = 1
