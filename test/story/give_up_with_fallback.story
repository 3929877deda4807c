# PagerDuty cannot be reached for longer than a message is tried. It is given up
# at the stated time, and the fallback channel says what was not told, to whom and
# why. A refusal is said elsewhere at once. Mail, which takes nothing for minutes,
# only comes late. A process that is killed meanwhile keeps to the time.
config
  notify:
    give_up: 8m
    fallback: [slack]
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
      channels: [pagerduty, email]
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x79 1067200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x79 52800+10x119

down at 2h channel=pagerduty for=12m
down at 2h12m channel=pagerduty for=1h answer=refuse
down at 2h channel=email for=5m

restart at 1h
crash at 2h6m

expect never 2h and 2h4m45s message email attached
expect between 2h5m and 2h8m message email attached contains "pay"
expect never 2h and 2h9m message slack opened
expect between 2h9m and 2h12m message slack opened contains "channel pagerduty was not told (gave_up) of opened: given up after"
expect between 2h9m and 2h12m message slack opened contains "in 8m0s: down by the story"
expect between 2h9m and 2h12m message slack raised contains "channel pagerduty was not told (gave_up) of raised"
expect between 2h22m and 2h40m message slack resolved contains "channel pagerduty was not told (refused) of resolved: refused by the story"
expect between 2h22m and 2h40m message email resolved contains "pay critical resolved"
expect total messages pagerduty = 0
expect total messages slack opened = 1
