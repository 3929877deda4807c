package rca

import "github.com/tocsinhq/tocsin/telemetry"

// kind is what sort of trouble a series is evidence of.
type kind int

const (
	kindErrors kind = iota
	kindLatency
	kindSaturation
	kindTraffic
	kindSelfTime
	kindNetwork
	kindLogs
	kindCalls
	kindRestarts
	kindCount
)

// A trait of a kind is its name, what it counts beside others, the excess at which
// it counts 63% of that, and how it is called in a sentence.
type trait struct {
	name   string
	weight float64
	scale  float64
	words  string
}

// traits of the kinds. Latency counts half because the time of a service holds that
// of all it calls; calls and traffic count little because they follow from what
// went wrong elsewhere. Logs and calls are measured by their mix, whose excess is
// smaller than that of a single series.
var traits = [kindCount]trait{
	kindErrors:     {"errors", 1, 4, "errors"},
	kindLatency:    {"latency", 0.5, 4, "latency"},
	kindSaturation: {"saturation", 1, 4, "saturation"},
	kindTraffic:    {"traffic", 0.1, 4, "a change of traffic"},
	kindSelfTime:   {"self_time", 1, 4, "time spent in itself"},
	kindNetwork:    {"network", 1, 4, "time lost between client and server"},
	kindLogs:       {"logs", 1, 1, "a different mix of log lines"},
	kindCalls:      {"calls", 0.3, 1, "a different mix of calls"},
	kindRestarts:   {"restarts", 1, 4, "restarts"},
}

func (k kind) String() string { return traits[k].name }

// kindOf tells the kind of a series by its source, its unit and its bad direction.
func kindOf(s *Series) kind {
	switch s.Source {
	case SourceSelfTime:
		return kindSelfTime
	case SourceEdgeGap:
		return kindNetwork
	case SourceTemplate:
		return kindLogs
	case SourceCalls:
		return kindCalls
	case SourceErrors:
		return kindErrors
	case SourceRestarts:
		return kindRestarts
	}
	switch {
	case s.Bad == 0:
		return kindTraffic
	case s.Unit == telemetry.UnitSeconds:
		return kindLatency
	case s.Bad < 0 || s.Unit == telemetry.UnitRatio:
		return kindErrors
	}
	return kindSaturation
}

// mixed reports whether a kind is judged by how its series share in their sum.
func (k kind) mixed() bool { return k == kindLogs || k == kindCalls }

// signal reports whether a series is one that changes are judged by alone.
func (s *Series) signal() bool {
	switch s.Source {
	case "", SourceMetric, SourceErrors, SourceRestarts:
		return true
	}
	return false
}
