# What a pipeline tells and what telemetry shows is one change, whichever comes first;
# what is told wins. A restart that a deployment explains is none of its own.
config
  changes: {inferred: {images: false}}
load 15s
  a_build_info{job="told-first",instance="i",version="v1"} 1x80
  b_build_info{job="seen-first",instance="i",version="v1"} 1x80
  c_build_info{job="no-version",instance="i",version="v1"} 1x80
  d_build_info{job="other-version",instance="i",version="v1"} 1x80
  process_start_time_seconds{job="told-first",instance="i"} 1000x80 9000x120
  process_start_time_seconds{job="crashes",instance="i"} 1000x80 9000x20 19000x20 29000x80
load 15s at 20m15s
  a_build_info{job="told-first",instance="i",version="v2"} 1x120
  b_build_info{job="seen-first",instance="i",version="v2"} 1x120
  c_build_info{job="no-version",instance="i",version="v2"} 1x120
  d_build_info{job="other-version",instance="i",version="v2"} 1x120

change at 19m id=run-1 service=told-first version_to=2 environment=production status=started author=ann
change at 26m id=run-1 service=told-first status=succeeded started=untold
change at 30m id=run-2 service=seen-first version_to=v2 status=succeeded author=bob started=untold
change at 20m id=run-3 service=no-version status=started
change at 20m id=run-4 service=other-version version_to=v7 status=succeeded

expect between 21m and 23m change told-first "deployment v1 -> 2 started from 19m0s by reported, telemetry/build_info"
expect between 27m and 28m change told-first "deployment v1 -> 2 succeeded from 19m0s to 26m0s by reported, telemetry/build_info"
expect between 25m and 26m change seen-first "deployment v1 -> v2 succeeded from 20m15s to 20m15s by telemetry/build_info"
expect between 30m and 31m change seen-first "deployment v1 -> v2 succeeded from 20m15s to 30m0s by reported, telemetry/build_info"
expect between 25m and 26m change no-version "deployment v1 -> v2 succeeded from 20m0s to 20m15s by reported, telemetry/build_info"
expect between 25m and 26m change other-version "deployment v1 -> v2 succeeded from 20m15s to 20m15s by telemetry/build_info"
expect between 25m and 26m change other-version "deployment v7 succeeded from 20m0s to 20m0s by reported"
expect between 40m and 45m change crashes "restart succeeded from 20m15s to 30m45s by telemetry/restart"
expect total changes told-first = 1
expect total changes seen-first = 1
expect total changes no-version = 1
expect total changes other-version = 2
expect total changes crashes = 1
