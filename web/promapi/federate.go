package promapi

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/proto"
)

// FederatePath is where a Prometheus scrapes the newest samples of another. It is beside
// the API, and answered by the same handler.
const FederatePath = "/federate"

// federate is how endpoints name it, as no path below the API begins.
const federate = "federate"

// newest is the newest sample of a series: a native histogram or, without one, a float.
type newest struct {
	name   string
	labels labels.Labels
	t      int64
	v      float64
	h      *histogramSample
}

// federate answers with the newest sample of each series that one of the selectors finds
// and that is not older than the lookback, with its time, in the format that is asked for,
// as Prometheus does: text, or protobuf, which alone has native histograms. Series that
// ended, and those without a name, are left out. All types are untyped but those of
// histograms.
func (h *handler) federate(w http.ResponseWriter, r *http.Request) {
	selectors, err := h.opts.Parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		h.refuse(w, badRequest, err.Error())
		return
	}
	if len(selectors) == 0 {
		h.refuse(w, badRequest, `no match[] is given: name the series that are wanted, such as match[]={job="api"} [no_selector]`)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.NewFormat(expfmt.TypeProtoDelim), expfmt.NewFormat(expfmt.TypeProtoText), expfmt.NewFormat(expfmt.TypeProtoCompact), expfmt.NewFormat(expfmt.TypeTextPlain))
	native := format.FormatType() != expfmt.TypeTextPlain
	ctx, cancel := context.WithTimeout(r.Context(), h.opts.Timeout)
	defer cancel()
	all, err := h.newest(ctx, selectors, native)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		h.refuse(w, tooLong, fmt.Sprintf("gathering the newest samples took longer than %s; select fewer series (storage.query.timeout)", h.opts.Timeout))
		return
	case errors.Is(err, context.Canceled):
		h.refuse(w, canceled, "the client went away")
		return
	case err != nil:
		h.refuse(w, unreadable, err.Error())
		return
	}
	w.Header().Set("Content-Type", string(format))
	body := bufio.NewWriter(w)
	encoder := expfmt.NewEncoder(body, format)
	for f := range families(all) {
		if err = encoder.Encode(f); err != nil {
			break
		}
	}
	if err = errors.Join(err, body.Flush()); err != nil {
		if ctx.Err() == nil { // else nobody was there to read it
			h.opts.Logger.Warn("the newest samples could not be sent", "path", FederatePath, "err", err)
		}
		panic(http.ErrAbortHandler) // or a part would be taken for the whole
	}
}

// newest gathers the newest samples, by name. The error may be that of ctx.
func (h *handler) newest(ctx context.Context, selectors [][]*labels.Matcher, native bool) ([]newest, error) {
	maxt := h.opts.Now().UnixMilli()
	mint := maxt - h.opts.Lookback.Milliseconds()
	q, err := h.opts.Storage.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	hints := &storage.SelectHints{Start: mint, End: maxt}
	sets := make([]storage.SeriesSet, 0, len(selectors))
	for _, s := range selectors {
		sets = append(sets, q.Select(ctx, true, hints, s...))
	}
	set := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge)
	buffered := storage.NewBuffer(maxt - mint)
	var out []newest
	var it chunkenc.Iterator
	for set.Next() {
		s := set.At()
		it = s.Iterator(it)
		buffered.Reset(it)
		x := newest{labels: s.Labels()}
		if x.name = x.labels.Get(labels.MetricName); x.name == "" || !x.read(buffered, maxt) || x.h != nil && !native && !x.h.UsesCustomBuckets() {
			continue
		}
		if len(out) == h.opts.Limits.ReadSamples {
			return nil, fmt.Errorf("more than %d series are selected; select fewer [too_many_samples]", h.opts.Limits.ReadSamples)
		}
		out = append(out, x)
	}
	if err := errors.Join(set.Err(), ctx.Err()); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b newest) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

// read takes in the newest sample up to a time, if there is one that can be told: formats
// know no staleness markers.
func (x *newest) read(it *storage.BufferedSeriesIterator, maxt int64) bool {
	switch it.Seek(maxt) {
	case chunkenc.ValFloat:
		x.t, x.v = it.At()
	case chunkenc.ValHistogram, chunkenc.ValFloatHistogram:
		x.t, x.h = it.AtFloatHistogram(nil)
	default:
		s, ok := it.PeekBack(1)
		if !ok || it.Err() != nil {
			return false
		}
		x.t = s.T()
		switch s.Type() {
		case chunkenc.ValFloat:
			x.v = s.F()
		case chunkenc.ValHistogram:
			x.h = s.H().ToFloat(nil)
		case chunkenc.ValFloatHistogram:
			x.h = s.FH().Copy() // the buffer is used again
		default:
			return false
		}
	}
	if x.h != nil {
		return !value.IsStaleNaN(x.h.Sum)
	}
	return !value.IsStaleNaN(x.v)
}

// metric returns the sample as formats have it. A label instance is always there, if empty,
// so that who scrapes it with honor_labels does not put our address in its place.
func (x *newest) metric() *dto.Metric {
	m := &dto.Metric{TimestampMs: proto.Int64(x.t)}
	instance := false
	x.labels.Range(func(l labels.Label) {
		if l.Name == labels.MetricName {
			return
		}
		instance = instance || l.Name == model.InstanceLabel
		m.Label = append(m.Label, &dto.LabelPair{Name: proto.String(l.Name), Value: proto.String(l.Value)})
	})
	if !instance {
		m.Label = append(m.Label, &dto.LabelPair{Name: proto.String(model.InstanceLabel), Value: proto.String("")})
	}
	switch {
	case x.h == nil:
		m.Untyped = &dto.Untyped{Value: proto.Float64(x.v)}
	case x.h.UsesCustomBuckets():
		m.Histogram = classicOf(x.h)
	default:
		m.Histogram = nativeOf(x.h)
	}
	return m
}
