package rca

// Kinds of an Edge.
const (
	EdgeCalls  = "calls"   // From calls To
	EdgeRunsOn = "runs_on" // From runs on the host To
	EdgeUses   = "uses"    // From uses the database or queue To
)

// Edge says that one node of a Graph depends on another: trouble at To can show
// at From.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Kind string `json:"kind"` // one of the Edge constants; "" is taken for calls
}

// Graph is what depends on what around an incident. Edges may be in any order,
// repeat, point at themselves and form cycles. Alias names for the client-side
// view of a service the service that it is a view of; what is said of the view is
// said of the service, and chains of aliases are followed.
type Graph struct {
	Edges []Edge            `json:"edges"`
	Alias map[string]string `json:"alias,omitempty"`
}
