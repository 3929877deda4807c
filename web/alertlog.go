package web

import (
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/rules/journal"
)

// AlertLog is the answer of GET alerts/log: what alerts did, oldest first, and the
// same put together into pages. More says that the limit cut off older entries.
type AlertLog struct {
	Entries []journal.Entry `json:"entries"`
	Pages   []journal.Page  `json:"pages"`
	More    bool            `json:"more"`
}

func (s *server) alertLog(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	f := journal.Filter{
		Name: q.text("alert"), Service: q.text("service"),
		From: q.time("from", time.Time{}), To: q.time("to", time.Time{}), Limit: q.limit(defaultLimit, maxLimit),
	}
	if shadow := q.choice("shadow", "all", "all", "only", "none"); shadow != "all" {
		only := shadow == "only"
		f.Shadow = &only
	}
	if !f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From) {
		q.problem("to", "want a time not before from")
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := f.Limit
	f.Limit++
	found, err := s.opts.AlertLog(r.Context(), f)
	if err != nil {
		return result{}, err
	}
	until := s.opts.Now()
	if !f.To.IsZero() && f.To.Before(until) {
		until = f.To
	}
	list := AlertLog{Entries: orEmpty(found[max(0, len(found)-want):]), More: len(found) > want}
	list.Pages = orEmpty(journal.Pages(list.Entries, until))
	return ok(list)
}
