// Package condition is the small typed language of alert conditions over
// signals and change events:
//
//	error_rate > 5%
//	p95_latency > 1000ms and request_rate > 1/s
//	request_rate > baseline * 3
//	predict(disk_percent, 3d) > 90%
//	time_until(disk_percent > 95%) < 3d
//	deployment_status == failed
//
// In goes the text and the catalogue of signals; out comes a Condition, which
// knows its PromQL over the recorded series of the signals, or the kind and
// status of change it waits for. Every mistake has the column it begins at.
//
//	condition  = all { "or" all }
//	all        = one { "and" one }
//	one        = "(" condition ")" | comparison | prediction | crossing | event
//	comparison = SIGNAL op ( quantity | baseline )
//	prediction = "predict" "(" SIGNAL "," NUMBER UNIT ")" op quantity
//	crossing   = "time_until" "(" SIGNAL op quantity ")" ( "<" | "<=" ) NUMBER UNIT
//	op         = ">" | ">=" | "<" | "<=" | "==" | "!="
//	quantity   = NUMBER [ UNIT ]
//	baseline   = "baseline" [ ("*" | "/") NUMBER ] | NUMBER "*" "baseline"
//	event      = KIND "_status" "==" STATUS
//
// A number without a unit is in the signal's own unit. Units are % for ratios
// and percentages, ns us ms s m h d for durations, B KB MB GB TB KiB MiB GiB TiB
// for sizes and /s /m /h for rates. The baseline of a signal is its average
// over the day that ended one hour ago.
//
// What is foreseen is recorded too, under the names ForecastMetric and so on, by
// the engine that evaluates the condition.
//
// The package is pure: it reads no clock and does no I/O.
package condition
