// Package rules evaluates signals and alert rules on event time.
//
// In go a RuleSet (the catalogue of signals, alerts.yml files and Prometheus
// rule files) and a store to query; out come recorded series
// `tocsin:<signal>`, which the detector watches, and Alerts, handed on by
// EngineOptions.Notify whenever one changes:
//
//	ReadRuleSet -> Engine.Load -> Engine.EvalDue, on each interval:
//	  signals        recording rules of package signal
//	  alerts.yml     conditions of package condition over the recorded series
//	  rule files     as they are, through Prometheus' own rule manager
//	    -> tracker   firing, held, resolved, each told once
//	Engine.Change    events such as deployment_status == failed
//
// EvalDue takes the time from its caller, so that the live daemon (Run),
// backtests and story tests share one path. An alert whose data stopped is held
// and never resolved by silence. The package sends nothing to people and keeps
// no state of its own on disk: the `for` of pending alerts is in the store
// (ALERTS_FOR_STATE), firing alerts come back through Engine.Resume.
package rules
