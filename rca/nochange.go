package rca

import (
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// none is the row that says that no recent change fits: its odds rise when the
// services that changed show nothing, and most when nothing changed.
func (r *ranker) none(suspects []suspect) Finding {
	f := Finding{Title: NoneTitle, Evidence: evidence(r.moved)}
	f.Terms = append(f.Terms, Term{Name: "prior", Points: noneOdds, Text: "weight of a cause that is not in the change feed"})
	best, can := 0.0, 0
	var at *telemetry.Change
	for _, s := range suspects {
		if s.late > 0 || s.foreign {
			continue
		}
		can++
		e := max(r.share(s.score()), r.inquiry.shown(s.change.Service))
		if !s.known() {
			e = 1 // what is not known is no argument for this row
		}
		if at == nil || e > best {
			best, at = e, s.change
		}
	}
	t := Term{Name: "effect", Points: noneUnfelt * (1 - best)}
	switch {
	case can == 0:
		t.Text = fmt.Sprintf("no change that could be the cause began in the %s before the onset", words(time.Duration(r.cfg.Window)))
	case best == 0:
		t.Text = "no service that changed shows an effect"
	case best < 1:
		t.Text = fmt.Sprintf("the effect at %s, which changed, is not the largest or not clear", at.Service)
	default:
		t.Text = "the largest effect is at a service that changed, or what changed has no telemetry"
	}
	f.Terms = append(f.Terms, t, r.unchanged(suspects))
	return summed(f, r.in.Weights)
}

// unchanged speaks for that row when the first suspect among the services has not
// changed.
func (r *ranker) unchanged(suspects []suspect) Term {
	t := Term{Name: "suspect", Text: "not enough is known to rank services: counts neither way"}
	q := r.inquiry
	if len(q.order) == 0 || q.strength <= 0 {
		return t
	}
	first, best := q.order[0], 0.0
	for _, s := range suspects {
		if at, known := q.at[q.real(s.change.Service)]; known && s.late == 0 && !s.foreign {
			best = max(best, q.all[at].score/q.all[first].score)
		}
	}
	t.Points = noneSuspect * q.trust() * (1 - best*best)
	t.Text = fmt.Sprintf("%s, the first suspect among the services, did not change", q.names[first])
	if best == 1 {
		t.Text = fmt.Sprintf("%s, the first suspect among the services, changed", q.names[first])
	}
	return t
}
