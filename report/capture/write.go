package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/telemetry"
)

// record is one line of the file; exactly one field is set.
type record struct {
	Head     *Head             `json:"tocsin_capture,omitempty"`
	Settings *string           `json:"settings,omitempty"`
	File     *File             `json:"file,omitempty"`
	Change   *telemetry.Change `json:"change,omitempty"`
	Act      *Act              `json:"act,omitempty"`
	Line     *Line             `json:"line,omitempty"`
	Series   *wireSeries       `json:"series,omitempty"`
	End      *wireEnd          `json:"end,omitempty"`
}

// wireSeries has its samples as "t v t v ...": the first t in milliseconds since 1970,
// the others since the one before.
type wireSeries struct {
	Labels  map[string]string `json:"labels"`
	History bool              `json:"history,omitempty"`
	Samples string            `json:"samples"`
}

// wireEnd counts the lines before it and the samples in them.
type wireEnd struct {
	Lines   int `json:"lines"`
	Samples int `json:"samples"`
}

// stale is how the mark of a series that ended is written.
const stale = "stale"

// Writer writes a capture piece by piece: the head, the settings, and then the rest in
// any order. Its methods return the first error of the writer below. It is for one
// goroutine.
type Writer struct {
	zip *gzip.Writer
	buf *bufio.Writer
	enc *json.Encoder
	end wireEnd
}

// NewWriter begins a capture on w, which the caller closes.
func NewWriter(w io.Writer, h Head) (*Writer, error) {
	zip := gzip.NewWriter(w)
	buf := bufio.NewWriterSize(zip, 64<<10)
	c := &Writer{zip: zip, buf: buf, enc: json.NewEncoder(buf)}
	c.enc.SetEscapeHTML(false)
	h.Version = Version
	return c, c.put(record{Head: &h})
}

func (w *Writer) put(r record) error {
	w.end.Lines++
	if err := w.enc.Encode(r); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}

// Settings writes the configuration.
func (w *Writer) Settings(yaml string) error { return w.put(record{Settings: &yaml}) }

// File writes a rule file.
func (w *Writer) File(f File) error { return w.put(record{File: &f}) }

// Change writes a change.
func (w *Writer) Change(c telemetry.Change) error { return w.put(record{Change: &c}) }

// Act writes what a person did.
func (w *Writer) Act(a Act) error { return w.put(record{Act: &a}) }

// Line writes a log line.
func (w *Writer) Line(l Line) error { return w.put(record{Line: &l}) }

// Series writes a series; it keeps neither the labels nor the samples.
func (w *Writer) Series(s Series) error {
	text := make([]byte, 0, 16*len(s.Samples))
	last := int64(0)
	for n, x := range s.Samples {
		if n > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, x.T-last, 10)
		last = x.T
		text = append(text, ' ')
		if value.IsStaleNaN(x.V) {
			text = append(text, stale...)
		} else {
			text = strconv.AppendFloat(text, x.V, 'g', -1, 64)
		}
	}
	w.end.Samples += len(s.Samples)
	return w.put(record{Series: &wireSeries{Labels: s.Labels.Map(), History: s.History, Samples: string(text)}})
}

// Close writes the end. Without it the file counts as cut off.
func (w *Writer) Close() error {
	end := w.end
	if err := w.put(record{End: &end}); err != nil {
		return err
	}
	if err := w.buf.Flush(); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	return nil
}

// errMany says that there are more samples than parse was asked to take.
var errMany = errors.New("too many samples")

// parse reads samples as Series writes them, at most so many.
func parse(text string, most int) ([]telemetry.Sample, error) {
	var out []telemetry.Sample
	last := int64(0)
	for len(text) > 0 {
		if len(out) == most {
			return nil, errMany
		}
		var t, v string
		t, text = word(text)
		v, text = word(text)
		step, err := strconv.ParseInt(t, 10, 64)
		if err != nil || len(out) > 0 && step <= 0 || step > math.MaxInt64-max(0, last) {
			return nil, fmt.Errorf("sample %d: want a time after the one before, got %q", len(out)+1, cut(t))
		}
		last += step
		x := telemetry.Sample{T: last}
		if v == stale {
			x.V = math.Float64frombits(value.StaleNaN)
		} else if x.V, err = strconv.ParseFloat(v, 64); err != nil {
			return nil, fmt.Errorf("sample %d: want a number, got %q", len(out)+1, cut(v))
		}
		out = append(out, x)
	}
	return out, nil
}

// word cuts the next word off a text whose words stand one space apart.
func word(s string) (first, rest string) {
	for i := range len(s) {
		if s[i] == ' ' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func cut(s string) string { return s[:min(len(s), 40)] }

// labelsOf checks and builds labels.
func labelsOf(m map[string]string) (labels.Labels, error) {
	l := labels.FromMap(m)
	if !l.Has(labels.MetricName) {
		return l, fmt.Errorf("labels: want the name of a metric, got %s", cut(l.String()))
	}
	for name, v := range m {
		if name == "" || v == "" {
			return l, fmt.Errorf("labels: want names and values that are not empty, got %q=%q", cut(name), cut(v))
		}
	}
	return l, nil
}
