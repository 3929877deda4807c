# Nobody tells of a deployment; the version in build_info and in target_info flips on one
# instance after the other. It is one change, from the first new one to the last old one.
# A restart of the daemon in its midst makes no second one.
load 15s
  shop_build_info{job="shop",instance="a",version="v1"} 1x80
  shop_build_info{job="shop",instance="b",version="v1"} 1x88
  shop_build_info{job="shop",instance="c",version="v1"} 1x96
  target_info{job="shop",instance="a",service_version="v1"} 1x80
  target_info{job="shop",instance="b",service_version="v1"} 1x88
  target_info{job="shop",instance="c",service_version="v1"} 1x96
load 15s at 20m15s
  shop_build_info{job="shop",instance="a",version="v2"} 1x200
  shop_build_info{job="shop",instance="b",version="v2"} _x8 1x190
  shop_build_info{job="shop",instance="c",version="v2"} _x16 1x180
  target_info{job="shop",instance="a",service_version="v2"} 1x200
  target_info{job="shop",instance="b",service_version="v2"} _x8 1x190
  target_info{job="shop",instance="c",service_version="v2"} _x16 1x180
# A service that appears while the daemon runs has not changed.
load 15s at 30m
  cart_build_info{job="cart",instance="a",version="c9"} 1x160

restart at 22m

expect between 20m15s and 20m30s change shop "deployment v1 -> v2 started from 20m15s by telemetry/build_info, telemetry/version"
expect between 23m and 23m30s change shop "deployment v1 -> v2 started"
expect between 27m and 29m change shop "deployment v1 -> v2 succeeded from 20m15s to 24m15s by telemetry/build_info, telemetry/version"
expect total changes shop = 1
expect total changes cart = 0
