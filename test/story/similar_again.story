# What happened before happens again: the page of the second incident shows the first
# one, and that it recovered after its deployment was rolled back, also after a crash.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  # ten minutes of errors at 2h and at 4h
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x439 1886210+1400x39 1942800+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x439 33790+600x39 57200+10x119

change at 1h59m service=pay id=d1 version_to=v42
change at 2h8m service=pay id=d1 version_to=v42 status=rolled_back
change at 3h59m service=pay id=d2 version_to=v43
crash at 3h

expect at 2h7m similar pay "nothing similar"
expect between 2h10m and 2h30m incident pay resolved
expect at 4h6m incident pay open
expect at 4h6m similar pay "rolled back: deployment pay v42"
