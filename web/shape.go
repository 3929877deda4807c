package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// ShapeAction is the body of POST merge and split: With is the id of the other
// incident, Key that of the occurrence to take out. Only the one that belongs to
// the call may be set.
type ShapeAction struct {
	Action
	With string `json:"with,omitempty"`
	Key  string `json:"key,omitempty"`
}

// shape makes a handler of Merge or Split, which take what they act on from the
// field; both answer the incident that results.
func (s *server) shape(field string, act func(ctx context.Context, id, what, actor, note string, at time.Time) (incident.Incident, error)) apiFunc {
	return func(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
		if err := q.err(); err != nil {
			return result{}, err
		}
		var a ShapeAction
		if err := readJSON(w, r, s.opts.Config.MaxBodyBytes, &a); err != nil {
			return result{}, err
		}
		if err := a.clean(); err != nil {
			return result{}, err
		}
		what, other, otherName := strings.TrimSpace(a.With), a.Key, "key"
		if field == "key" {
			what, other, otherName = a.Key, a.With, "with" // keys are kept as they are
		}
		switch {
		case what == "":
			return result{}, invalid([]Problem{{field, "want " + map[string]string{"with": "the id of the other incident", "key": "the key of an occurrence"}[field]}})
		case other != "":
			return result{}, invalid([]Problem{{otherName, "does not belong here"}})
		}
		in, err := act(r.Context(), r.PathValue("id"), what, a.Actor, a.Note, s.opts.Now())
		if err != nil {
			return result{}, err
		}
		return ok(withLists(in))
	}
}
