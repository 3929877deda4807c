package store

import (
	"errors"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store/head"
)

// errNoLabels says that a series must be found by its labels, which were not given.
var errNoLabels = errors.New("series is to be found by its labels")

// settle makes the cache know what the head calls a series and what its newest sample
// is, before a float of a time is appended. The caller holds the lock of the series.
func (t *turn) settle(s *series, ls labels.Labels, at int64) error {
	g := t.g
	if s.head == 0 && g.floats {
		if ls.IsEmpty() {
			return errNoLabels
		}
		id, _, err := g.head.GetOrCreate(ls)
		if err != nil {
			return err
		}
		s.head = uint32(id)
	}
	t.know(s, ls, at)
	return nil
}

// know makes the cache know the newest sample of a series, before one of a time is
// appended. The caller holds the lock of the series.
func (t *turn) know(s *series, ls labels.Labels, at int64) {
	g := t.g
	if s.newest != never {
		return
	}
	if s.head != 0 {
		if newest, v, ok := g.head.Newest(head.ID(s.head)); ok {
			s.newest, s.value = newest, math.Float64bits(v)
		}
	}
	// The base has native histograms, floats that came before there was a head, and those
	// that came late.
	if !g.floats || at > g.base.Head().MaxTime() || !g.baseHasSeries() {
		return
	}
	ref := storage.SeriesRef(s.ref)
	if ref == 0 {
		if ls.IsEmpty() {
			ls = g.head.Labels(head.ID(s.head))
		}
		ref = g.baseRef(ls)
	}
	if ref == 0 {
		return
	}
	if newest, bits, ok := g.baseNewest(ref); ok {
		s.acceptBits(newest, bits)
	}
}
