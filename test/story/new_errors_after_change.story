# A deployment after which no signal of the service moves, and which writes new kinds of
# error lines; another service writes new error lines all day, and its change is none of it.
load 30s jitter 3%
  http_requests_total{service="pay",code="200"} 0+3990x600
  http_requests_total{service="pay",code="500"} 0+10x600
  http_requests_total{service="chatty",code="200"} 0+3990x600
  http_requests_total{service="chatty",code="500"} 0+10x600
logs every 15s from 0s to 5h service=pay level=info
  order <n> paid in <n> ms
logs every 15s from 0s to 5h service=chatty level=info
  message <n> sent to <n> people
logs every 60s from 4h1m to 5h service=pay level=error
  ledger refuses the booking of order <n>: period closed
logs every 60s from 4h3m to 5h service=pay level=error
  cannot reach vault of merchant <n>, giving up
logs every 60s from 4h5m to 5h service=pay level=error
  double entry for invoice <n> was found
change at 4h service=pay version_to=p2 status=succeeded
change at 4h service=chatty version_to=c2 status=succeeded

expect between 4h2m and 4h30m verdict pay p2 suspicious
expect never 4h and 5h verdict pay p2 healthy
expect between 4h15m and 4h45m verdict chatty c2 healthy
