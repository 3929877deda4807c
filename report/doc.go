// Package report writes down what is known of incidents: the postmortem of one, the
// runbook of an alert or a service, the week of all.
//
//	event log, ranking, changes, verdicts, deliveries -> Input -> Build -> Postmortem -> Markdown or JSON
//	postmortems of past incidents -> Learn -> Runbook -> Markdown, merged with what people wrote
//
// In: what app reads from the stores. Out: values and text; the same input gives the
// same bytes. Facts are filled in; what is a judgement is left as a blank for people. Reports never name a person as a cause. The package reads no clock, no
// store and no network; only Folder touches files.
package report
