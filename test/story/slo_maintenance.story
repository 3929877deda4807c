# A service is taken down for an hour in a maintenance window. Its objective does
# not count what happens meanwhile: no page, and none when the window ends.
tick 30s
config
  incidents: {strong_score: 1, raw_strong_score: 1} # only the objective opens one
  rules: {interval: 30s}
  maintenance:
    - name: monthly patches
      matchers: ['service="pay"']
      cron: 0 1 * * *
      duration: 90m
slos
  slos:
    - name: availability
      objective: 99.9%
      signal: availability
load 30s
  http_requests_total{service="pay",code="200"} 0+300x149 44700+0x100 44700+300x80
  http_requests_total{service="pay",code="500"} 0x149 0+300x100 30000x80
  http_requests_total{service="cart",code="200"} 0+300x149 44700+0x100 44700+300x80
  http_requests_total{service="cart",code="500"} 0x149 0+300x100 30000x80

expect between 1h16m and 1h25m alert availability cart firing
expect never 0s and 2h45m alert availability pay firing
expect never 0s and 2h45m incident pay open
expect total incidents = 1
