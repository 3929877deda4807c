package remote

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	promremote "github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/telemetry"
)

// partMost is how many samples of one series are handed over at once.
const partMost = 4096

// All hands over the samples from from to to, both included, of every series that
// the matchers select, a series at a time and in one part or several. By remote
// read it is one question, whose answer is not held in memory when the server
// streams it, and series have the server's external labels; else each series is
// asked for, and native histograms are left out and counted. The slices are good
// until the call that takes them returns.
func (r *Reader) All(ctx context.Context, ms []*labels.Matcher, from, to time.Time, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) (missed uint64, err error) {
	if way(r.way.Load()) == byRemoteRead {
		err := r.stream(ctx, ms, from, to, take)
		if err == nil || !errors.Is(err, errNoSuchWay) {
			if err != nil {
				err = r.wrong("read by remote read", err)
			}
			return 0, err
		}
		r.way.CompareAndSwap(int32(byRemoteRead), int32(byRangeSelector))
	}
	series, err := r.Series(ctx, []string{SelectorOf(ms)}, from, to)
	if err != nil {
		return 0, err
	}
	for _, l := range series {
		samples, n, err := r.Samples(ctx, l, from, to)
		missed += n
		if err != nil {
			return missed, err
		}
		if len(samples) == 0 {
			continue
		}
		if err := take(l, samples, nil); err != nil {
			return missed, err
		}
	}
	return missed, nil
}

// SelectorOf writes matchers as PromQL does.
func SelectorOf(ms []*labels.Matcher) string {
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = m.String()
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// stream asks by remote read. The time-out is that of the whole answer.
func (r *Reader) stream(ctx context.Context, ms []*labels.Matcher, from, to time.Time, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also of an answer that is left before its end
	wanted, err := promremote.ToLabelMatchers(ms)
	if err != nil {
		return err
	}
	set, err := r.read.Read(ctx, &prompb.Query{StartTimestampMs: from.UnixMilli(), EndTimestampMs: to.UnixMilli(), Matchers: wanted}, false)
	if err != nil {
		return err
	}
	p := part{from: from.UnixMilli(), to: to.UnixMilli(), take: take}
	var it chunkenc.Iterator
	for set.Next() {
		s := set.At()
		p.labels = s.Labels()
		it = s.Iterator(it)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if err := p.add(it, vt); err != nil {
				return err
			}
		}
		if err := it.Err(); err != nil {
			return err
		}
		if err := p.hand(); err != nil {
			return err
		}
	}
	return set.Err()
}

// part is what of one series waits to be handed over.
type part struct {
	from, to   int64
	labels     labels.Labels
	floats     []telemetry.Sample
	histograms []telemetry.HistogramSample
	take       func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error
}

// add takes the sample at which an iterator stands. Chunks reach beyond what was
// asked for.
func (p *part) add(it chunkenc.Iterator, vt chunkenc.ValueType) error {
	if t := it.AtT(); t < p.from || t > p.to {
		return nil
	}
	switch vt {
	case chunkenc.ValFloat:
		t, v := it.At()
		p.floats = append(p.floats, telemetry.Sample{T: t, V: v})
	case chunkenc.ValHistogram:
		t, h := it.AtHistogram(nil)
		p.histograms = append(p.histograms, telemetry.HistogramSample{T: t, Int: h})
	case chunkenc.ValFloatHistogram:
		t, h := it.AtFloatHistogram(nil)
		p.histograms = append(p.histograms, telemetry.HistogramSample{T: t, Float: h})
	}
	if len(p.floats)+len(p.histograms) < partMost {
		return nil
	}
	return p.hand()
}

func (p *part) hand() error {
	if len(p.floats)+len(p.histograms) == 0 {
		return nil
	}
	err := p.take(p.labels, p.floats, p.histograms)
	p.floats, p.histograms = p.floats[:0], p.histograms[:0]
	return err
}
