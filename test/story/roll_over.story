# An incident takes in nothing new after max_age: what then belongs to it opens a
# successor that is linked with it.
config
  topology: {calls: [{from: web, to: pay}]}
  incidents: {max_age: 20m}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x179 1207200+1990x59
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x179 112800+10x59
  http_requests_total{service="web",code="200"} 0+1990x599 1193410+1400x59 1278000+1990x59
  http_requests_total{service="web",code="500"} 0+10x599 6590+600x59 42000+10x59

expect between 2h and 2h4m incident pay open
expect between 2h30m and 2h35m incident web open
expect between 2h30m and 2h35m timeline pay linked "goes on as"
expect between 2h30m and 2h35m timeline web opened "goes on from"
expect total incidents = 2
