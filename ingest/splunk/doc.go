// Package splunk receives what is sent to Splunk's HTTP Event Collector: events in
// JSON, one after another, raw lines, acknowledgements and the question of health.
//
//	Handler   routes, keys, the codes of the protocol
//	  -> Decode              events onto a logline.Sheet
//	  -> ingest.LogReceiver  levels, trace ids, stack traces, the sink
//
// The type of content is not looked at: clients of Splunk say
// application/x-www-form-urlencoded and mean JSON.
package splunk
