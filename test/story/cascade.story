# A database call of cart fails, then checkout that calls it, then web that calls both:
# one incident, not three, because one path of calls is bad at one time. A service
# that nobody calls and that fails then is another incident.
config
  topology: {calls: [{from: web, to: checkout}, {from: web, to: cart}, {from: checkout, to: cart}]}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="cart",code="200"} 0+1990x479 954610+1400x79 1067200+1990x159
  http_requests_total{service="cart",code="500"} 0+10x479 5390+600x79 52800+10x159
  http_requests_total{service="checkout",code="200"} 0+1990x481 958590+1400x77 1068380+1990x159
  http_requests_total{service="checkout",code="500"} 0+10x481 5410+600x77 51620+10x159
  http_requests_total{service="web",code="200"} 0+1990x483 962570+1400x75 1069560+1990x159
  http_requests_total{service="web",code="500"} 0+10x483 5430+600x75 50440+10x159
  http_requests_total{service="batch",code="200"} 0+1990x483 962570+1400x75 1069560+1990x159
  http_requests_total{service="batch",code="500"} 0+10x483 5430+600x75 50440+10x159

expect between 2h and 2h4m incident cart open
expect between 2h and 2h8m timeline cart attached "checkout (affinity"
expect between 2h and 2h8m timeline cart attached "web (affinity"
expect between 2h20m and 2h40m incident cart resolved
expect total incidents = 2
expect total messages pager opened = 2
