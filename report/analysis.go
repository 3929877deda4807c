package report

import (
	"encoding/json"

	"github.com/tocsinhq/tocsin/rca"
)

// analysed is what a report takes of an analysis of causes, by the names that it has
// in JSON. A ranking without one has none of it.
type analysed struct {
	Analysis *struct {
		Factors []struct {
			Title    string `json:"title"`
			Evidence []struct {
				Basis string `json:"basis"`
			} `json:"evidence"`
		} `json:"contributing_factors"`
		Measures []struct {
			Title  string `json:"title"`
			Reason string `json:"reason"`
			Basis  string `json:"basis"`
		} `json:"prevention_measures"`
	} `json:"analysis"`
}

// analysis returns the contributing factors of a ranking and what would have kept the
// incident away, the heaviest first.
func analysis(r *rca.Ranking) (factors, measures []Factor) {
	factors, measures = []Factor{}, []Factor{}
	if r == nil {
		return factors, measures
	}
	var a analysed
	body, err := json.Marshal(r)
	if err != nil || json.Unmarshal(body, &a) != nil || a.Analysis == nil {
		return factors, measures
	}
	for _, f := range a.Analysis.Factors {
		one := Factor{Text: f.Title}
		if len(f.Evidence) > 0 {
			one.Basis = f.Evidence[0].Basis
		}
		factors = append(factors, one)
	}
	for _, m := range a.Analysis.Measures {
		text := m.Title
		if m.Reason != "" {
			text += ": " + m.Reason
		}
		measures = append(measures, Factor{Text: text, Basis: m.Basis})
	}
	return factors, measures
}
