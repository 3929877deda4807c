package rca

// Fix is something that may end an incident. Source says who proposes it, Ref
// which incident, runbook, change or rule that was. Of Tried times it was done
// before, it Helped that many; both are 0 when nothing is known.
type Fix struct {
	Title  string `json:"title"`
	Source string `json:"source"` // "similar", "runbook", "change" or "rule"
	Ref    string `json:"ref,omitempty"`
	Helped int    `json:"helped"`
	Tried  int    `json:"tried"`
}

// Estimate is how long an incident will last from its onset. A quantile is nil
// when there is not enough history to tell, and Reason then says so.
type Estimate struct {
	P50     *float64 `json:"p50_seconds"`
	P80     *float64 `json:"p80_seconds"`
	P95     *float64 `json:"p95_seconds"`
	BasedOn int      `json:"based_on"` // comparable incidents
	Reason  string   `json:"reason,omitempty"`
}
