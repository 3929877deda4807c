package feedback

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/rca"
)

// refitEvery is how many new labels make a refit of its own accord.
const refitEvery = 5

// SaveRefit stores a row and returns it with its id.
func (s *Store) SaveRefit(ctx context.Context, r RefitRow) (RefitRow, error) {
	r.At = r.At.UTC().Truncate(time.Millisecond)
	body, err := json.Marshal(r)
	taken := 0
	if r.Taken {
		taken = 1
	}
	if err == nil {
		// The row in force is never let go of.
		prune := fmt.Sprintf("DELETE FROM rca_refits WHERE id <= ? - %d AND id <> (SELECT MAX(id) FROM rca_refits WHERE taken = 1)", maxRefits)
		r.ID, err = s.insert(ctx, prune, "INSERT INTO rca_refits (at, taken, body) VALUES (?,?,?)", r.At.UnixMilli(), taken, string(body))
	}
	if err != nil {
		return r, fmt.Errorf("store refit: %w", err)
	}
	return r, nil
}

// Refits returns the rows, the newest first.
func (s *Store) Refits(ctx context.Context) ([]RefitRow, error) {
	all, err := query[RefitRow](ctx, s.db, "SELECT id, body FROM rca_refits ORDER BY id DESC", func(r *RefitRow, id int64) { r.ID = id })
	if err != nil {
		return nil, fmt.Errorf("read refits: %w", err)
	}
	return all, nil
}

// Row returns one row; 0 is the weights of the house.
func (s *Store) Row(ctx context.Context, id int64) (RefitRow, error) {
	if id == 0 {
		return house(), nil
	}
	all, err := query[RefitRow](ctx, s.db, "SELECT id, body FROM rca_refits WHERE id = ?", func(r *RefitRow, id int64) { r.ID = id }, id)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return RefitRow{}, fmt.Errorf("refit %d: %w", id, err)
	}
	return all[0], nil
}

// Current returns the row whose weights are in force.
func (s *Store) Current(ctx context.Context) (RefitRow, error) {
	all, err := query[RefitRow](ctx, s.db, "SELECT id, body FROM rca_refits WHERE taken = 1 ORDER BY id DESC LIMIT 1", func(r *RefitRow, id int64) { r.ID = id })
	if err != nil {
		return RefitRow{}, fmt.Errorf("read weights: %w", err)
	}
	if len(all) == 0 {
		return house(), nil
	}
	return all[0], nil
}

func house() RefitRow {
	return RefitRow{Kind: KindRefit, Taken: true, Labels: []int64{}, Weights: rca.Weights{}, Reason: "the weights of the house"}
}

// Due says whether labels are to be refitted without anybody asking: there are
// enough, some are new since the last row, and nobody went back to an earlier row
// since the last refit, who must be asked first.
func Due(labels []Label, rows []RefitRow) bool {
	if len(labels) < MinLabels {
		return false
	}
	if len(rows) == 0 {
		return true
	}
	if rows[0].Kind == KindUndo {
		return false
	}
	known := map[int64]bool{}
	for _, id := range rows[0].Labels {
		known[id] = true
	}
	fresh := 0
	for _, l := range labels {
		if !known[l.Feedback] {
			fresh++
		}
	}
	return fresh >= refitEvery
}
