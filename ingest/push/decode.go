package push

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// textType is what clients mean that say nothing or, as curl does, something else.
const textType = "text/plain"

// maxSamples bounds those of one push. A sample is four bytes at the least and takes
// some hundred in memory.
const maxSamples = 100_000

var errTooMany = fmt.Errorf("more than %d samples in one push", maxSamples)

// pushed is a series of a push.
type pushed struct {
	labels labels.Labels
	family string // the name of its metric, without the suffixes of its series
}

// decode appends the series of a body to a batch, with samples at t and the labels of
// the group in place of their own of the same name, and returns them in the order of
// the rows. Samples that have a time of their own are an error, as in a Pushgateway:
// a job that pushes does not know when it will be looked at.
func decode(body []byte, contentType string, group labels.Labels, t int64, b *telemetry.Batch) ([]pushed, error) {
	if !strings.HasPrefix(contentType, "application/vnd.google.protobuf") && len(body) > 0 && body[len(body)-1] != '\n' {
		body = append(body, '\n')
	}
	p, err := textparse.New(body, contentType, nil, textparse.ParserOptions{FallbackContentType: textType})
	if p == nil {
		return nil, fmt.Errorf("Content-Type %q: %w", contentType, err)
	}
	d := &decoder{parser: p, group: group, t: t, batch: b}
	for {
		entry, err := p.Next()
		switch {
		case errors.Is(err, io.EOF):
			return d.rows, nil
		case err != nil:
			return nil, err
		}
		if err := d.take(entry); err != nil {
			return nil, err
		}
		if len(d.rows)+len(b.Metadata) > maxSamples {
			return nil, errTooMany
		}
	}
}

type decoder struct {
	parser textparse.Parser
	group  labels.Labels
	t      int64
	batch  *telemetry.Batch
	rows   []pushed
}

func (d *decoder) take(entry textparse.Entry) error {
	switch entry {
	case textparse.EntryType:
		name, kind := d.parser.Type()
		d.metadata(name).Type = kind
	case textparse.EntryHelp:
		name, text := d.parser.Help()
		d.metadata(name).Help = []byte(string(text))
	case textparse.EntryUnit:
		name, unit := d.parser.Unit()
		d.metadata(name).Unit = []byte(string(unit))
	case textparse.EntrySeries:
		text, at, v := d.parser.Series()
		if at != nil {
			return fmt.Errorf("series %.100q has a time stamp, want none: samples get the time of their arrival", text)
		}
		s := d.row()
		s.Samples = append(s.Samples, telemetry.Sample{T: d.t, V: v, ST: d.start()})
	case textparse.EntryHistogram:
		text, at, h, fh := d.parser.Histogram()
		if at != nil {
			return fmt.Errorf("histogram %.100q has a time stamp, want none: samples get the time of their arrival", text)
		}
		s := d.row()
		s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: d.t, ST: d.start(), Int: h, Float: fh})
	}
	return nil
}

// start is when the counter began, if the body says so and it lies in the past.
func (d *decoder) start() int64 {
	if st := d.parser.StartTimestamp(); st > 0 && st <= d.t {
		return st
	}
	return 0
}

// metadata returns those of a metric, which are noted once.
func (d *decoder) metadata(name []byte) *telemetry.Metadata {
	if n := len(d.batch.Metadata); n == 0 || string(d.batch.Metadata[n-1].Family) != string(name) {
		d.batch.Metadata = append(d.batch.Metadata, telemetry.Metadata{Family: []byte(string(name))})
	}
	return &d.batch.Metadata[len(d.batch.Metadata)-1]
}

// row begins a series of the batch for the entry at hand.
func (d *decoder) row() *telemetry.Series {
	var ls labels.Labels
	d.parser.Labels(&ls)
	b := labels.NewBuilder(ls)
	d.group.Range(func(l labels.Label) { b.Set(l.Name, l.Value) })
	ls = b.Labels()
	s := d.batch.Next()
	s.Labels = ingest.AppendLabels(s.Labels, ls)
	var e exemplar.Exemplar
	for d.parser.Exemplar(&e) {
		x := telemetry.Exemplar{Labels: ingest.AppendLabels(nil, e.Labels), V: e.Value}
		if e.HasTs {
			x.T = e.Ts
		}
		s.Exemplars = append(s.Exemplars, x)
		e = exemplar.Exemplar{}
	}
	d.rows = append(d.rows, pushed{labels: ls, family: d.family(ls.Get(model.MetricNameLabel))})
	return s
}

// family is the name of the metric that a series belongs to.
func (d *decoder) family(name string) string {
	if n := len(d.batch.Metadata); n > 0 {
		if family := string(d.batch.Metadata[n-1].Family); strings.HasPrefix(name, family) {
			switch name[len(family):] {
			case "", "_total", "_sum", "_count", "_bucket", "_created", "_info", "_gsum", "_gcount":
				return family
			}
		}
	}
	return name
}
