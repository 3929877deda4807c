package store_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// write sends a request.
func (x *together) write(r *rand.Rand, recent *[]offered) {
	var all []offered
	var entries []sinktest.Entry
	for range 1 + r.IntN(12) {
		s := x.pick(r, recent)
		all = append(all, s)
		entries = append(entries, s.entry())
	}
	b, _ := sinktest.Batch(entries...)
	res, err := x.rig.Write(context.Background(), b)
	if err != nil {
		if !errors.Is(err, store.ErrReadOnly) {
			x.t.Error(err)
		}
		x.note(all, isUnknown)
		return
	}
	refused := map[int]bool{}
	for _, i := range res.RefusedSeries {
		refused[i] = true
	}
	passedOver := res.Stored+res.RefusedTotal() < len(all) // markers that would begin a series
	for i, s := range all {
		switch {
		case refused[i]:
			x.refused.Add(1)
			x.note(all[i:i+1], wasRefused)
		case passedOver && s.bits() == value.StaleNaN:
			x.note(all[i:i+1], isUnknown)
		default:
			x.stored.Add(1)
			x.note(all[i:i+1], wasStored)
		}
	}
}

// transaction appends as rules and scrapes do, and gives up some of it.
func (x *together) transaction(r *rand.Rand, recent *[]offered) {
	app := x.rig.Appendable().AppenderV2(context.Background())
	var taken []offered
	for range 1 + r.IntN(8) {
		s := x.pick(r, recent)
		s.other = 0
		if s.t%otherValues == 0 {
			continue // who commits is not told what a newer one has overtaken
		}
		var h *histogram.Histogram
		v := 0.0
		if s.histogram() {
			h = s.ofCount()
		} else {
			v = math.Float64frombits(s.bits())
		}
		if _, err := app.Append(0, labels.FromStrings(s.labels()...), 0, s.t, v, h, nil, storage.AppendV2Options{}); err == nil {
			taken = append(taken, s)
		}
	}
	if r.IntN(3) == 0 {
		if err := app.Rollback(); err != nil {
			x.t.Error(err)
		}
		x.rolledBack.Add(int64(len(taken)))
		x.note(taken, isUnknown)
		return
	}
	if err := app.Commit(); err != nil {
		if !errors.Is(err, store.ErrReadOnly) {
			x.t.Error(err)
		}
		x.note(taken, isUnknown)
		return
	}
	x.stored.Add(int64(len(taken)))
	x.note(taken, wasStored)
}
