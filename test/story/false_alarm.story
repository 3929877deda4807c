# A person calls an incident a false alarm: it ends, the alarm that opened it, which
# was far beyond the threshold and cost nothing, is charged to the service's budget,
# and an acknowledgement before does not give it back. A restart changes nothing.
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x39 1011200+1990x319
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x39 28800+10x319

ack at 2h3m service=pay actor=ops note="looking"
feedback at 2h6m service=pay kind=false_alarm actor=ops note="load test"
restart at 2h40m

expect at 2h5m incident pay acknowledged
expect at 2h5m charged pay 0
expect at 2h7m incident pay false_positive
expect at 2h7m charged pay 1
expect at 2h50m charged pay 1
expect between 2h5m and 2h8m message pager false_positive contains "false"
