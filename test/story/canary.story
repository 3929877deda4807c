# A canary gets a tenth of the requests and fails for one in eight. The whole service is
# hardly worse; beside the version that runs in the same time the canary is. Another one
# does as well as what it replaces, though both have a bad hour.
load 15s jitter 3%
  http_requests_total{service="pay",version="v1",code="200"} 0+900x719 647100+810x320
  http_requests_total{service="pay",version="v1",code="500"} 0+3x719 2157+3x320
  http_requests_total{service="pay",version="v2",code="200"} _x720 0+78x320
  http_requests_total{service="pay",version="v2",code="500"} _x720 0+12x320
  http_requests_total{service="cart",version="c1",code="200"} 0+900x719 647100+810x320
  http_requests_total{service="cart",version="c1",code="500"} 0+3x719 2157+40x320
  http_requests_total{service="cart",version="c2",code="200"} _x720 0+90x320
  http_requests_total{service="cart",version="c2",code="500"} _x720 0+4.4x320

change at 3h service=pay version_from=v1 version_to=v2 status=started
change at 3h service=cart version_from=c1 version_to=c2 status=started

expect never 3h and 3h10m verdict pay v2 faulty
expect between 3h15m and 3h50m verdict pay v2 faulty
expect at 4h10m verdict pay v2 faulty
expect never 0s and 4h15m verdict cart c2 faulty
expect between 3h20m and 4h verdict cart c2 healthy
