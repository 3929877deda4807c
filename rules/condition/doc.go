// Package condition is the small typed language of alert conditions over
// signals and change events:
//
//	error_rate > 5%
//	p95_latency > 1000ms and request_rate > 1/s
//	request_rate > baseline * 3
//	predict(disk_percent, 3d) > 90%
//	time_until(disk_percent > 95%) < 3d
//	anomaly(p95_latency) > 0.99 for 5m
//	(error_rate > 5% for 2m) and (cpu_usage > 90% for 10m)
//	deployment_status == failed
//
// In goes the text and the catalogue of signals; out comes a Condition, which
// knows its PromQL over the recorded series of the signals, or the kind and
// status of change it waits for. Every mistake has the column it begins at.
//
//	text       = condition [ lasting ]
//	condition  = all { "or" all }
//	all        = one { "and" one }
//	one        = "(" condition [ lasting ] ")" | comparison | prediction | crossing | anomaly | event
//	lasting    = "for" DURATION
//	comparison = SIGNAL op ( quantity | baseline )
//	prediction = "predict" "(" SIGNAL "," NUMBER UNIT ")" op quantity
//	crossing   = "time_until" "(" SIGNAL op quantity ")" ( "<" | "<=" ) NUMBER UNIT
//	op         = ">" | ">=" | "<" | "<=" | "==" | "!="
//	quantity   = NUMBER [ UNIT ]
//	anomaly    = "anomaly" "(" SIGNAL [ "," ( "up" | "down" | "any" ) ] ")" op NUMBER
//	baseline   = "baseline" [ ("*" | "/") NUMBER ] | NUMBER "*" "baseline"
//	event      = KIND "_status" "==" STATUS
//
// A number without a unit is in the signal's own unit. Units are % for ratios
// and percentages, ns us ms s m h d for durations, B KB MB GB TB KiB MiB GiB TiB
// for sizes and /s /m /h for rates. The baseline of a signal is its average
// over the day that ended one hour ago. What the detector expects is no baseline:
// it follows a new level within minutes, and no condition on it would last.
//
// The anomaly of a signal is how odd the detector finds it, from 0 to 1: inside an
// episode the highest score so far, else that of the newest value. It counts on
// the side that is bad for users (both, when neither is) or on the side named.
//
// A `for` at the end of the text is about the whole condition and becomes
// Condition.For; one in parentheses is about what stands in them.
//
// What is foreseen is recorded too, under the names ForecastMetric and so on, by
// the engine that evaluates the condition.
//
// The package is pure: it reads no clock and does no I/O.
package condition
