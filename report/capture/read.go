package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// maxSpan is the longest time that a capture may play.
const maxSpan = 31 * 24 * time.Hour

// Read reads a capture within the limits. Errors name the file and the line. The
// memory it takes is in proportion to what the file holds unpacked, and so to Limits.
func Read(name string, r io.Reader, l Limits) (Capture, error) {
	c, line, err := read(r, l)
	switch {
	case err == nil:
		return c, nil
	case line == 0:
		return Capture{}, fmt.Errorf("read capture %s: %w", name, err)
	}
	return Capture{}, fmt.Errorf("read capture %s: line %d: %w", name, line, err)
}

func read(r io.Reader, l Limits) (c Capture, line int, err error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return c, 0, fmt.Errorf("want a file of \"tocsin incident export\": %w", err)
	}
	defer zip.Close()
	return readText(zip, l)
}

// readText reads what is left when the file is unpacked.
func readText(r io.Reader, l Limits) (c Capture, line int, err error) {
	in := &io.LimitedReader{R: r, N: l.Bytes + 1}
	lines := bufio.NewReaderSize(in, 64<<10)
	rd := reader{c: &c, limits: l}
	for !rd.ended {
		text, err := nextLine(lines, l.Line)
		line++
		switch {
		case in.N <= 0:
			return c, line, fmt.Errorf("want at most %d bytes unpacked", l.Bytes)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return c, line, errors.New("the file is cut off")
		case err != nil:
			return c, line, err
		}
		if err := rd.take(text, line); err != nil {
			return c, line, err
		}
	}
	if rest, err := lines.ReadByte(); err == nil {
		return c, line, fmt.Errorf("want nothing after the end, got %q", rest)
	} else if !errors.Is(err, io.EOF) {
		return c, line, err
	}
	return c, 0, nil
}

// nextLine returns the next line without its end, of at most so many bytes.
func nextLine(r *bufio.Reader, most int) ([]byte, error) {
	var out []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(out)+len(part) > most {
			return nil, fmt.Errorf("want at most %d bytes in a line", most)
		}
		out = append(out, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(out, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// reader takes lines into a capture.
type reader struct {
	c       *Capture
	limits  Limits
	samples int
	ended   bool
}

func (r *reader) take(text []byte, line int) error {
	var x record
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		return err
	}
	if d.More() {
		return errors.New("want one object in a line")
	}
	if set := x.count(); set != 1 {
		return fmt.Errorf("want one field in a line, got %d", set)
	}
	if (line == 1) != (x.Head != nil) {
		return errors.New("want the head in the first line and nowhere else")
	}
	switch {
	case x.Head != nil:
		r.c.Head = *x.Head
		return x.Head.check()
	case x.Settings != nil:
		r.c.Settings = *x.Settings
	case x.File != nil:
		return add(&r.c.Files, *x.File, r.limits.Others, "files", x.File.check())
	case x.Change != nil:
		return add(&r.c.Changes, *x.Change, r.limits.Others, "changes", nil)
	case x.Act != nil:
		return add(&r.c.Acts, *x.Act, r.limits.Others, "acts", x.Act.check())
	case x.Line != nil:
		return add(&r.c.Lines, *x.Line, r.limits.Others, "log lines", nil)
	case x.Series != nil:
		return r.series(x.Series)
	case x.End != nil:
		r.ended = true
		if x.End.Lines != line-1 || x.End.Samples != r.samples {
			return fmt.Errorf("want %d lines and %d samples, got %d and %d", x.End.Lines, x.End.Samples, line-1, r.samples)
		}
	}
	return nil
}

func (x record) count() int {
	n := 0
	for _, set := range []bool{x.Head != nil, x.Settings != nil, x.File != nil, x.Change != nil, x.Act != nil, x.Line != nil, x.Series != nil, x.End != nil} {
		if set {
			n++
		}
	}
	return n
}

func add[T any](list *[]T, x T, most int, what string, err error) error {
	if err != nil {
		return err
	}
	if len(*list) >= most {
		return fmt.Errorf("want at most %d %s", most, what)
	}
	*list = append(*list, x)
	return nil
}

func (r *reader) series(w *wireSeries) error {
	l, err := labelsOf(w.Labels)
	if err != nil {
		return err
	}
	samples, err := parse(w.Samples, r.limits.Samples-r.samples)
	if errors.Is(err, errMany) {
		return fmt.Errorf("want at most %d samples", r.limits.Samples)
	}
	if err != nil {
		return err
	}
	from, to := r.c.Head.From.UnixMilli(), r.c.Head.To.UnixMilli()
	if w.History {
		from, to = r.c.Head.HistoryFrom.UnixMilli(), from-1
	}
	if n := len(samples); n > 0 && (samples[0].T < from || samples[n-1].T > to) {
		return fmt.Errorf("%s: want samples from %d to %d, got some from %d to %d", cut(l.String()), from, to, samples[0].T, samples[n-1].T)
	}
	r.samples += len(samples)
	return add(&r.c.Series, Series{Labels: l, History: w.History, Samples: samples}, r.limits.Series, "series", nil)
}

func (h Head) check() error {
	switch {
	case h.Version != Version:
		return fmt.Errorf("want version %d of the format, got %d", Version, h.Version)
	case h.HistoryFrom.IsZero() || h.HistoryFrom.After(h.From) || !h.From.Before(h.To):
		return fmt.Errorf("want history_from, from and to in this order, got %s, %s, %s", h.HistoryFrom.Format(time.RFC3339), h.From.Format(time.RFC3339), h.To.Format(time.RFC3339))
	case h.To.Sub(h.From) > maxSpan:
		return fmt.Errorf("want at most %s to be played, got %s", maxSpan, h.To.Sub(h.From))
	case h.HistoryFrom.Year() < 1971 || h.To.Year() > 2200:
		return errors.New("want times between the years 1971 and 2200")
	case len(h.Recorded) == 0:
		return errors.New("want at least one incident as recorded")
	}
	return nil
}

func (f File) check() error {
	if !slices.Contains([]FileKind{FileAlerts, FileRules, FileSignals, FileSLOs}, f.Kind) {
		return fmt.Errorf("file: want alerts, rules, signals or slos, got %q", cut(string(f.Kind)))
	}
	return nil
}

func (a Act) check() error {
	if !slices.Contains(Verbs(), a.Verb) {
		return fmt.Errorf("act: want %s, got %q", strings.Join(Verbs(), ", "), cut(a.Verb))
	}
	return nil
}

// Window returns the samples that are played, in order of time over all series; those
// of one time are in the order of the file.
func (c Capture) Window() []Point {
	var out []Point
	for n := range c.Series {
		if s := &c.Series[n]; !s.History {
			for _, x := range s.Samples {
				out = append(out, Point{Series: s, Sample: x})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Point) int {
		switch {
		case a.Sample.T < b.Sample.T:
			return -1
		case a.Sample.T > b.Sample.T:
			return 1
		}
		return 0
	})
	return out
}

// Point is one sample of a series.
type Point struct {
	Series *Series
	Sample telemetry.Sample
}
