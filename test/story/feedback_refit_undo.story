# In a shop where deployments are never to blame, ten people say so. The weights are
# refitted of their own accord, and the next deployment is no longer the first
# suspect. The house's weights, gone back to, name it again.
config
  incidents: {resolve_after: 1m, storm_incidents: 50}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 1m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="ant",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="ant",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="bee",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="bee",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="cow",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="cow",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="dog",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="dog",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="elk",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="elk",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="fox",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="fox",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="gnu",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="gnu",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="hen",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="hen",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="ibis",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="ibis",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="jay",code="200"} 0+1990x239 476210+1400x39 532800+1990x119
  http_requests_total{service="jay",code="500"} 0+10x239 2990+600x39 26400+10x119
  http_requests_total{service="late",code="200"} 0+1990x299 597000+1400x39 653000+1990x99
  http_requests_total{service="late",code="500"} 0+10x299 3590+600x39 27590+10x99
  http_requests_total{service="last",code="200"} 0+1990x379 756200+1400x39 812200+1990x19
  http_requests_total{service="last",code="500"} 0+10x379 4390+600x39 28390+10x19

change at 59m service=ant id=c-ant version_to=v2
change at 59m service=bee id=c-bee version_to=v2
change at 59m service=cow id=c-cow version_to=v2
change at 59m service=dog id=c-dog version_to=v2
change at 59m service=elk id=c-elk version_to=v2
change at 59m service=fox id=c-fox version_to=v2
change at 59m service=gnu id=c-gnu version_to=v2
change at 59m service=hen id=c-hen version_to=v2
change at 59m service=ibis id=c-ibis version_to=v2
change at 59m service=jay id=c-jay version_to=v2
change at 74m service=late id=c-late version_to=v2
change at 94m service=last id=c-last version_to=v2
feedback at 66m service=ant kind=wrong_cause right=none actor=ops
feedback at 66m service=bee kind=wrong_cause right=none actor=ops
feedback at 66m service=cow kind=wrong_cause right=none actor=ops
feedback at 66m service=dog kind=wrong_cause right=none actor=ops
feedback at 66m service=elk kind=wrong_cause right=none actor=ops
feedback at 66m service=fox kind=wrong_cause right=none actor=ops
feedback at 66m service=gnu kind=wrong_cause right=none actor=ops
feedback at 66m service=hen kind=wrong_cause right=none actor=ops
feedback at 66m service=ibis kind=wrong_cause right=none actor=ops
feedback at 67m service=jay kind=wrong_cause right=none actor=ops
undo at 90m to=0 actor=ops

expect at 65m suspect ant "deployment ant"
expect at 66m30s weights 0
expect at 68m weights 1
expect at 79m suspect late "no recent change fits"
expect at 91m weights 2
expect at 98m suspect last "deployment last"
