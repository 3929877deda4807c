package rules

import "github.com/tocsinhq/tocsin/rules/signal"

// Signals returns the signals that the rule reads, each once; none for a rule about
// events.
func (r AlertRule) Signals() []signal.Signal { return r.signals() }
