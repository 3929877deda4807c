# Memory grows by a few megabytes a minute after a deployment. The threshold is
# far away, but the value leaves its band long before.
tick 30s
alerts
  alerts:
    - name: memory_usage
      condition: memory_percent > 85%
      duration: 5m
      severity: warning
load 30s jitter 1%
  node_memory_MemTotal_bytes{service="cart",instance="cart-1"} 8e9x960
  node_memory_MemAvailable_bytes{service="cart",instance="cart-1"} 6e9x480 6e9-13e6x400 8e8x80

change at 3h59m service=cart version_to=v7

expect never 0s and 4h incident cart open
expect between 4h and 7h anomaly cart memory_percent
expect between 6h and 8h alert memory_usage cart firing
expect between 6h and 8h incident cart open

# What leaves its band early is an incident of its own where several metrics do so within
# minutes, and over when the leak has become the new level; the alert is hours later.
expect total incidents <= 2
