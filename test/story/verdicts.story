# Every change gets a verdict, incident or not: one that did harm, one that did
# none, one that was undone before anything could be said, and one of a service
# that hardly anybody asks.
load 15s jitter 3%
  # three hours healthy, an hour with 4 % errors, then healthy again
  http_requests_total{service="pay",code="200"} 0+1990x719 1430810+1920x239 1889690+1990x400
  http_requests_total{service="pay",code="500"} 0+10x719 7190+80x239 26310+10x400
  http_requests_total{service="cart",code="200"} 0+995x1400
  http_requests_total{service="cart",code="500"} 0+5x1400
  http_requests_total{service="mail",code="200"} 0+0.01x1400
  http_requests_total{service="mail",code="500"} 0+0x1400

change at 2h service=cart version_to=c2 status=succeeded
change at 3h service=pay version_to=v42 status=succeeded
change at 4h service=pay version_to=v41 status=succeeded summary="roll back"
change at 4h5m service=cart version_to=c3 status=succeeded
change at 4h10m service=cart version_to=c4 status=succeeded
change at 4h service=mail version_to=m2 status=succeeded

expect at 2h5m verdict cart c2 collecting
expect between 2h15m and 2h40m verdict cart c2 healthy
expect between 3h and 3h25m verdict pay v42 faulty
expect never 3h and 3h8m verdict pay v42 healthy
expect at 5h verdict pay v42 faulty
expect between 4h15m and 5h5m verdict pay v41 healthy
expect between 4h10m and 4h12m verdict cart c3 undecided
expect between 4h30m and 5h30m verdict cart c4 healthy
expect between 5h and 5h15m verdict mail m2 undecided
expect never 0s and 5h30m verdict cart c2 faulty
