package web

import (
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Explanation says why a sample was or was not odd. Text says all of it in about
// fifteen lines; the figures are those that a page shows beside it. Figures that
// are unknown are NaN.
type Explanation struct {
	Series    map[string]string `json:"series"`
	Time      time.Time         `json:"time"` // of the sample
	Value     telemetry.Number  `json:"value"`
	Expected  telemetry.Number  `json:"expected"`
	Lower     telemetry.Number  `json:"lower"`
	Upper     telemetry.Number  `json:"upper"`
	Score     telemetry.Number  `json:"score"`
	Threshold telemetry.Number  `json:"threshold"` // score from which it is odd
	Decades   telemetry.Number  `json:"decades"`   // evidence in powers of ten
	Need      telemetry.Number  `json:"need"`      // evidence from which it is odd
	Odd       bool              `json:"odd"`
	Excused   bool              `json:"excused"` // not odd in spite of its score: it happens every day at this time
	Kind      string            `json:"kind"`
	Reason    string            `json:"reason,omitempty"` // why it was not judged
	Evidence  []ChannelEvidence `json:"evidence"`
	Text      string            `json:"text"`
}

// ChannelEvidence is what one channel of the detector had to say: how large what
// it measures was, against the quantile that 2 % exceed, and the powers of ten
// which that gave after what was added and held against it.
type ChannelEvidence struct {
	Channel  string           `json:"channel"`
	Size     telemetry.Number `json:"size"`
	Quantile telemetry.Number `json:"quantile"`
	Shape    telemetry.Number `json:"shape"`
	Bonus    telemetry.Number `json:"bonus"`
	Most     telemetry.Number `json:"most"` // what it can bear, null without a bound
	Against  telemetry.Number `json:"against"`
	Lasting  int              `json:"lasting"` // samples for which it has been beyond its quantile
	Decades  telemetry.Number `json:"decades"`
	Decisive bool             `json:"decisive"`
	Silent   string           `json:"silent,omitempty"` // why it said nothing
}

func (s *server) explain(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	query, at := q.text("query"), q.time("time", s.opts.Now())
	if query == "" {
		q.problem("query", "want a PromQL selector of one series")
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	e, err := s.opts.Bands.Explain(r.Context(), query, at)
	if err != nil {
		return result{}, err
	}
	e.Evidence = orEmpty(e.Evidence)
	if e.Series == nil {
		e.Series = map[string]string{}
	}
	return ok(e)
}
