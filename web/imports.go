package web

import (
	"context"
	"net/http"
	"time"
)

// Imports is about histories that were put into the store from outside and that
// the detector learns from.
type Imports interface {
	// Learn has what waits learned soon and says what that is.
	Learn(ctx context.Context) (ImportList, error)
	// List says what waits and how far that has come.
	List(ctx context.Context) (ImportList, error)
}

// Import is one history that waits to be learned from.
type Import struct {
	ID     string    `json:"id"`
	Source string    `json:"source"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Blocks int       `json:"blocks"`
	Made   time.Time `json:"made"`
}

// ImportList is the answer of GET and POST warm. Step is what is being done with
// one that waits: blocks (until the store reads them), signals, series or
// histograms; "" is nothing.
type ImportList struct {
	Waiting []Import `json:"waiting"`
	Step    string   `json:"step"`
	Series  int64    `json:"series"` // to be warmed in this step
	Done    int64    `json:"done"`
	Failed  int64    `json:"failed"`          // of those done
	Learned int      `json:"learned"`         // imports since the start
	Error   string   `json:"error,omitempty"` // why one of those that wait was not learned from
}

func (s *server) learnImports(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	list, err := s.opts.Imports.Learn(r.Context())
	if err != nil {
		return result{}, err
	}
	return result{http.StatusAccepted, list}, nil
}

func (s *server) listImports(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	list, err := s.opts.Imports.List(r.Context())
	if err != nil {
		return result{}, err
	}
	return ok(list)
}
