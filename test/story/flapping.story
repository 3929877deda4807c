# A series that goes bad and good again every two minutes makes one incident and
# few messages, not one of each for every turn.
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 30s
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x6 965000+1990x6 978340+1400x6 988730+1990x6 1002070+1400x6 1012460+1990x6 1025800+1400x6 1036190+1990x6 1049530+1400x6 1059920+1990x6 1073260+1400x6 1083650+1990x6 1096990+1400x6 1107380+1990x6 1120720+1400x6 1131110+1990x6 1144450+1400x6 1154840+1990x6 1168180+1400x6 1178570+1990x6 1192500+1990x239
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x6 9000+10x6 9660+600x6 13270+10x6 13930+600x6 17540+10x6 18200+600x6 21810+10x6 22470+600x6 26080+10x6 26740+600x6 30350+10x6 31010+600x6 34620+10x6 35280+600x6 38890+10x6 39550+600x6 43160+10x6 43820+600x6 47430+10x6 47500+10x239

expect never 0s and 1h59m incident pay open
expect between 2h and 2h3m incident pay open
expect at 2h38m incident pay open
expect between 2h45m and 3h40m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
expect total messages pager resolved = 1
