// Package trial runs tests of rules: files of promtool's form, with promtool's
// verdicts, and in the same files what Prometheus has no word for: seasons, gaps,
// changes, anomalies, incidents and the messages that people get.
//
//	Read       a file -> File, everything wrong in it told with its line
//	Run        each test group of each file:
//	  series   input series -> samples, by promtool's notation or made by a form
//	  play     a core of the daemon in a folder of its own, moved over virtual
//	           time from start to end: samples in, changes in, Core.Step
//	  exact    alert_rule_test and promql_expr_test, as promtool judges them
//	  expect   alert states, anomalies, incidents, notifications
//	Result     what failed and where; as text, or as JUnit's XML
//
// What is tested is app.Core, the same that serves: only the clock, the folder
// and the channels are the test's. A group that uses nothing of ours sees
// nothing of ours: no signals are recorded and the alerts of its rules keep
// exactly the states that Prometheus would give them.
package trial
