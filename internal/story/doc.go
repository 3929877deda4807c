// Package story runs story scripts: plain text files that say what comes in
// (samples in the series notation of promqltest, changes, restarts, people's
// words) and what must come out (alerts, anomalies, incidents, suspects,
// messages), all on virtual time. The code under test is the daemon's own core;
// only the clock, the disk folder and the channels are the story's.
//
// A script is read line by line. Indented lines belong to the command above.
//
//	start 2026-01-05T00:00:00Z          # virtual time 0; this is the default
//	tick 15s                            # how often the core is stepped
//	config                              # part of a configuration file
//	  incidents: {resolve_after: 2m}
//	alerts                              # an alerts.yml
//	  alerts: ...
//	slos                                # a file of service level objectives
//	  slos: ...
//	stages                              # a deployment-stages.yml
//	  stages: ...
//	load 15s [at 1h] [sent 3h] [jitter 2%]  # series from 0 (or from the given offset);
//	                                    # with "sent", all of it is written then, late
//	  http_requests_total{service="pay",code="200"} 0+100x240
//	logs every 5s from 0s to 3h service=pay level=info  # lines; <n> is another number each time
//	  order <n> paid in <n> ms
//	change at 1h service=pay version_to=v42 [kind= status= id= labels=branch=main,team=a ...]
//	                                    # "started=untold" leaves to the daemon when it began
//	restart at 70m                      # stop in order and start again
//	crash at 70m                        # start again without stopping in order
//	ack at 80m service=pay actor=oncall    # a person acknowledges the open incident
//	resolve at 90m service=pay actor=oncall
//	expected at 80m service=pay signal=error_rate for=6h [hours=22:00-04:00 days=mon,tue] reason="load test" actor=ops
//	unexpected at 90m actor=ops         # ends the newest such word
//	feedback at 95m service=pay kind=wrong_cause cause=ID right=none actor=ops  # on its newest incident
//	refit at 96m actor=ops
//	undo at 97m to=0 actor=ops          # back to an earlier row of weights
//	person at 90m does=mitigate service=pay actor=oncall  # or close, false_positive, merge other=SERVICE, split key=KEY
//	down at 1h channel=pager for=30m [answer=refuse]  # a channel takes nothing; it asks to be
//	                                    # tried again, or with "answer=refuse" says no for good
//	expect at 65m incident pay open
//	expect between 61m and 65m message pager opened contains "pay"
//	expect total messages pager = 2     # or "<= 2"
//
// The assertions are listed at type Expect.
package story
