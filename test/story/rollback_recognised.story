# Nobody marks a rollback as one: a deployment of the version before the last one is.
# A deployment of the version that runs is not, nor one that brings back what was undone.
load 15s
  e_build_info{job="seen",instance="i",version="v1"} 1x80 _x79 1x120
  e_build_info{job="seen",instance="i",version="v2"} _x81 1x78 _x120
change at 10m service=pay version_to=v1 status=succeeded
change at 60m service=pay version_to=v2 status=succeeded
change at 70m service=pay version_to=v2 status=succeeded summary="once more"
change at 80m service=pay version_to=v1 status=succeeded
change at 100m service=pay version_to=v2 status=succeeded

expect between 61m and 75m change pay "deployment v2 succeeded from 1h0m0s to 1h0m0s by reported"
expect at 71m change pay "deployment v2 succeeded from 1h10m0s"
expect at 81m change pay "deployment v1 succeeded from 1h20m0s to 1h20m0s by reported rolls back v2"
expect at 81m change pay "deployment v2 rolled_back from 1h10m0s"
expect at 101m change pay "deployment v2 succeeded from 1h40m0s to 1h40m0s by reported"
expect never 100m and 101m change pay "v2 succeeded from 1h40m0s to 1h40m0s by reported rolls back"
expect between 43m and 50m change seen "deployment v2 -> v1 succeeded from 40m0s to 40m0s by telemetry/build_info rolls back v2"
expect between 43m and 50m change seen "deployment v1 -> v2 rolled_back from 20m15s"
expect total changes seen = 2
