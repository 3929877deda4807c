# Six services fail within a minute where three is the most: the first three have
# their own incidents, one stands for the rest, and they are linked.
config
  incidents: {storm_incidents: 3}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="a",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="a",code="500"} 0+10x479 5390+600x59 40800+10x179
  http_requests_total{service="b",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="b",code="500"} 0+10x479 5390+600x59 40800+10x179
  http_requests_total{service="c",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="c",code="500"} 0+10x479 5390+600x59 40800+10x179
  http_requests_total{service="d",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="d",code="500"} 0+10x479 5390+600x59 40800+10x179
  http_requests_total{service="e",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="e",code="500"} 0+10x479 5390+600x59 40800+10x179
  http_requests_total{service="f",code="200"} 0+1990x479 954610+1400x59 1039200+1990x179
  http_requests_total{service="f",code="500"} 0+10x479 5390+600x59 40800+10x179

expect between 2h and 2h6m timeline a linked "part of a storm"
expect total incidents = 4
