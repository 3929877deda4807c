package promapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
)

// tsdbStatus shows a TSDB to Prometheus' API, to look at and not to change.
type tsdbStatus struct {
	db     TSDB // nil when the paths that need it are not mounted
	replay func() (tsdb.WALReplayStatus, error)
}

// errNotServed is given by what is not mounted, so that no caller ever sees it.
var errNotServed = errors.New("administration of the store is not served")

func (tsdbStatus) CleanTombstones() error { return errNotServed }

func (tsdbStatus) Delete(context.Context, int64, int64, ...*labels.Matcher) error {
	return errNotServed
}

func (tsdbStatus) Snapshot(string, bool) error { return errNotServed }

func (s tsdbStatus) Stats(byLabel string, limit int) (*tsdb.Stats, error) {
	return s.db.Stats(byLabel, limit), nil
}

func (s tsdbStatus) WALReplayStatus() (tsdb.WALReplayStatus, error) { return s.replay() }

func (s tsdbStatus) BlockMetas() ([]tsdb.BlockMeta, error) {
	out := []tsdb.BlockMeta{}
	for _, b := range s.db.Blocks() {
		out = append(out, b.Meta())
	}
	return out, nil
}

// config answers with our configuration where Prometheus would show its own:
// clients show the text and do not read it.
func (h *handler) config(w http.ResponseWriter, _ *http.Request) {
	h.answer(w, map[string]string{"yaml": h.opts.Config()})
}
