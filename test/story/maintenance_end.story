# The database is upgraded from 2:00 to 2:10. What breaks meanwhile is not told;
# when the window ends, what still burns is told as it stands then, with the
# reason why it comes late, and what has ended meanwhile never is. What was told
# before the window is told to be over within it. A restart in the window changes
# nothing.
config
  incidents: {resolve_after: 1m}
  maintenance:
    - name: db upgrade
      matchers: ['service=~"pay|mail|shop"']
      cron: "0 2 * * *"
      duration: 10m
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x79 1067200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x79 52800+10x119
  http_requests_total{service="mail",code="200"} 0+1990x483 962570+1400x11 979400+1990x183
  http_requests_total{service="mail",code="500"} 0+10x483 5430+600x11 12100+10x183
  http_requests_total{service="shop",code="200"} 0+1990x459 914810+1400x31 959700+1990x187
  http_requests_total{service="shop",code="500"} 0+10x459 5190+600x31 23900+10x187

restart at 1h
restart at 2h8m

expect between 1h55m and 1h59m message pager opened contains "shop"
expect between 2h3m and 2h10m message pager resolved contains "shop critical resolved"
expect between 2h1m and 2h9m incident pay open
expect between 2h1m and 2h5m incident mail open
expect between 2h4m and 2h9m incident mail resolved
expect never 2h and 2h9m59s message pager opened
expect never 2h and 2h9m59s message pager raised
expect between 2h10m and 2h10m30s message pager opened contains "told after maintenance window db upgrade, held back since 2026-01-05 02:0"
expect between 2h10m and 2h10m30s message pager opened contains "pay critical open"
expect between 2h20m and 2h40m message pager resolved contains "pay critical resolved"
expect total messages pager opened = 2
expect total messages pager resolved = 2
