// Package rules evaluates alert rules and signals on event time.
package rules
