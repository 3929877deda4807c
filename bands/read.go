package bands

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ErrTooMuch is the kind of all errors that say that a bound of Config was met.
var ErrTooMuch = errors.New("too much for one query")

// bounds count what one query reads.
type bounds struct {
	config          Config
	series, samples int
}

func (b *bounds) addSeries() error {
	if b.series++; b.series > b.config.MaxSeries {
		return fmt.Errorf("bands of more than %d series are asked for, %w; select fewer, or raise bands.max_series [too_many_bands]", b.config.MaxSeries, ErrTooMuch)
	}
	return nil
}

func (b *bounds) addSamples(n int) error {
	if b.samples += n; b.samples > b.config.MaxSamples {
		return fmt.Errorf("bands are asked for that need more than %d samples, those of %s before included, %w; select fewer series or a shorter time, or raise bands.max_samples [too_many_band_samples]",
			b.config.MaxSamples, b.config.History, ErrTooMuch)
	}
	return nil
}

// nativeCost is what reading one native histogram counts for, in samples.
const nativeCost = 100

// each hands the history of every series that the matchers select to do: those
// that are stored, or when there are none those that are derived. It stops at the
// first error. With watched, series that the detector does not watch are passed
// over.
func each(ctx context.Context, q storage.Querier, from, to int64, ms []*labels.Matcher, b *bounds, watched bool, do func(*Source) error) error {
	hints := &storage.SelectHints{Start: from, End: to}
	set := q.Select(ctx, true, hints, ms...)
	stored := false
	var it chunkenc.Iterator
	for set.Next() {
		s := Source{Labels: set.At().Labels()}
		if watched && !detector.Watches(s.Labels) {
			continue
		}
		it = set.At().Iterator(it)
		if err := s.readFloats(ctx, it, b); err != nil {
			return err
		}
		if len(s.samples) == 0 {
			continue // a native histogram, or nothing in this time
		}
		stored = true
		if err := b.addSeries(); err != nil {
			return err
		}
		if err := do(&s); err != nil {
			return err
		}
	}
	if err := set.Err(); err != nil || stored {
		return err
	}
	return eachDerived(ctx, q, from, to, ms, b, do)
}

// readFloats reads the float samples of a series.
func (s *Source) readFloats(ctx context.Context, it chunkenc.Iterator, b *bounds) error {
	for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
		if vt != chunkenc.ValFloat {
			continue
		}
		t, v := it.At()
		s.samples = append(s.samples, telemetry.Sample{T: t, V: v})
		if err := b.addSamples(1); err != nil {
			return err
		}
	}
	return errors.Join(it.Err(), ctx.Err())
}

// eachDerived does what each does for the series that the detector derives from
// the histograms that are stored under the name that is asked for.
func eachDerived(ctx context.Context, q storage.Querier, from, to int64, ms []*labels.Matcher, b *bounds, do func(*Source) error) error {
	wanted, ok := derivedFrom(ms)
	if !ok {
		return nil
	}
	hints := &storage.SelectHints{Start: from, End: to}
	hand := func(h Source) error {
		for _, l := range detector.DerivedOf(h.own) {
			if !matches(l, ms) || h.buckets != nil && !l.Has(quantileLabel) {
				continue
			}
			if err := b.addSeries(); err != nil {
				return err
			}
			d := h
			d.Labels = l
			if err := do(&d); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range wanted.classic {
		if err := eachClassic(ctx, q.Select(ctx, true, hints, wanted.matchers(name)...), b, hand); err != nil {
			return err
		}
	}
	for _, name := range wanted.native {
		if err := eachNative(ctx, q.Select(ctx, true, hints, wanted.matchers(name)...), b, hand); err != nil {
			return err
		}
	}
	return nil
}
