package uitest

import (
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// analysis says why checkout fails: a deployment made it slow, and search has nothing
// to do with it.
func analysis(dep telemetry.Change, onset time.Time) *rca.Analysis {
	p50, p80, p95 := 900.0, 2400.0, 7200.0
	return &rca.Analysis{
		PrimaryCause: &rca.Cause{
			Service: "checkout", Kind: "latency", Title: "requests take longer in checkout itself", Change: &dep, Probability: 0.82, Confidence: rca.High, Score: 2.9, Onset: onset, Path: []string{"front", "checkout"},
			Evidence: []rca.Evidence{
				{Service: "checkout", Source: rca.SourceSelfTime, Basis: rca.Observed, Signal: "time in the service itself (p90)", Unit: telemetry.UnitSeconds, Before: 0.041, After: 1.9, Z: 44, Query: `tocsin_span_self_seconds{service="checkout"}`, Onset: onset},
				{Service: "checkout", Basis: rca.Inferred, Text: "front is slow because it waits for checkout"},
			},
		},
		ContributingFactors: []rca.Cause{{Service: "postgresql:orders", Kind: "latency", Title: "calls to postgresql:orders take longer", Probability: 0.11, Confidence: rca.Low, Evidence: []rca.Evidence{}}},
		AffectedServices:    []rca.Affected{{Service: "front", Path: []string{"front", "checkout"}, Onset: onset}, {Service: "checkout"}},
		SuggestedFixes:      []rca.Fix{{Title: "Roll checkout back to v41", Source: "change", Ref: dep.ID, Helped: 3, Tried: 4}},
		PreventionMeasures:  []rca.Measure{{Title: "Send a part of the users to a new version first", Reason: "v42 went to all at once", Basis: rca.Observed}},
		EstimatedTimeToResolve: &rca.Estimate{
			P50: &p50, P80: &p80, P95: &p95, BasedOn: 14,
		},
		Against: []rca.Argument{{Text: "two of the five instances of checkout are as fast as before", Basis: rca.Observed}},
	}
}
