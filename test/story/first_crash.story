# A process that is killed before it ever wrote a checkpoint, in the middle of an
# incident: the detector learns anew, and the incident ends all the same.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x79 1067200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x79 52800+10x119

crash at 2h6m

expect never 0s and 1h59m incident pay open
expect at 2h12m incident pay open
expect between 2h22m and 2h40m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
expect total messages pager resolved = 1
