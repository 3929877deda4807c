# One request in twenty of a step becomes slow. Neither the count nor the mean
# says much of it; the 99th percentile of its latency histogram does, and is known
# as such after a stop in order and after a crash.
tick 15s
load 15s jitter 0.2%
  step_seconds_bucket{service="cart",le="0.1"}  0+900x479 431100+850x40
  step_seconds_bucket{service="cart",le="0.25"} 0+980x479 469420+940x40
  step_seconds_bucket{service="cart",le="1"}    0+995x479 476605+950x40
  step_seconds_bucket{service="cart",le="5"}    0+1000x479 479000+1000x40
  step_seconds_bucket{service="cart",le="+Inf"} 0+1000x479 479000+1000x40

restart at 1h
crash at 90m

expect never 0s and 1h59m anomaly cart step_seconds
expect between 2h and 2h1m anomaly cart step_seconds
expect total incidents = 0
