package tail

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/position"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Follower reads files. Round is called by one goroutine.
type Follower struct {
	*ingest.LogReceiver
	config    Config
	location  *time.Location
	positions *position.Store
	host      []byte
	files     map[string]*file // by source
	scanned   time.Time
	begun     bool // the first scan is over
	forgotten []string
	buf       []byte
	truncated *metrics.Counter
	failed    *metrics.Counter
	ignored   *metrics.Counter
	told      map[string]time.Time // files that cannot be read, and when that was logged
}

// New returns a follower. It starts nothing; see Run. An error is that of a setting
// which Config.Validate refuses.
func New(o ingest.LogOptions, c Config, p *position.Store) (*Follower, error) {
	location, err := c.location()
	if err != nil {
		return nil, fmt.Errorf("tail.time_zone: %w", err)
	}
	host, _ := os.Hostname() // a record without a host is one all the same
	f := &Follower{
		LogReceiver: ingest.NewLogReceiver("tail", o), config: c, location: location, positions: p, host: []byte(host),
		files: make(map[string]*file), buf: make([]byte, pieceBytes), told: make(map[string]time.Time),
		truncated: o.Metrics.NewCounter(`tocsin_tail_truncations_total`),
		failed:    o.Metrics.NewCounter(`tocsin_tail_file_errors_total`),
		ignored:   o.Metrics.NewCounter(`tocsin_tail_ignored_files_total`),
	}
	return f, nil
}

// Run reads until ctx ends. An error is that of the state database.
func (t *Follower) Run(ctx context.Context) error {
	defer t.close()
	tick := time.NewTicker(t.config.PollInterval.Std())
	defer tick.Stop()
	for {
		more, err := t.Round(ctx, t.Now())
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case more:
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Round looks for new files if it is time to, reads a piece of each, stores what is whole and
// then notes the places. more reports whether there was more than a piece.
func (t *Follower) Round(ctx context.Context, now time.Time) (more bool, err error) {
	if !t.begun || now.Sub(t.scanned) >= t.config.ScanInterval.Std() {
		if err := t.scan(ctx, now); err != nil {
			return false, err
		}
	}
	for _, f := range t.inOrder() {
		again, err := t.read(ctx, f, now)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			t.tell(f.path, err, now)
			f.handle.Close()
			delete(t.files, f.source)
			continue
		}
		more = more || again
		if f.gone && !again && now.Sub(f.grown) >= lingering {
			f.handle.Close()
			delete(t.files, f.source)
			t.forgotten = append(t.forgotten, f.source)
		}
	}
	// What is stored is noted although no more is to be read.
	return more, t.save(context.WithoutCancel(ctx), now)
}

// inOrder returns the files as they are read: a file that was renamed before the one that took
// its place, so that lines are stored in the order in which they were written.
func (t *Follower) inOrder() []*file {
	return slices.SortedFunc(maps.Values(t.files), func(a, b *file) int {
		if a.gone != b.gone {
			return map[bool]int{true: -1, false: 1}[a.gone]
		}
		return cmp.Or(cmp.Compare(a.path, b.path), a.grown.Compare(b.grown), cmp.Compare(a.source, b.source))
	})
}

// save notes the places that have moved.
func (t *Follower) save(ctx context.Context, now time.Time) error {
	var moved []position.Position
	for _, f := range t.files {
		if f.moved() {
			f.saved = f.position(now)
			moved = append(moved, f.saved)
		}
	}
	if len(moved)+len(t.forgotten) == 0 {
		return nil
	}
	forget := t.forgotten
	t.forgotten = nil
	return t.positions.Save(ctx, moved, forget)
}

func (t *Follower) close() {
	for _, f := range t.files {
		f.handle.Close()
	}
}

// tell logs once in a while that a file cannot be read.
func (t *Follower) tell(path string, err error, now time.Time) {
	t.failed.Inc()
	if last, ok := t.told[path]; ok && now.Sub(last) < time.Minute {
		return
	}
	if len(t.told) > 10*t.config.MaxFiles {
		clear(t.told)
	}
	t.told[path] = now
	t.Warn(fmt.Sprintf("file is not read: %s", err), path)
}

// read stores a piece of one file.
func (t *Follower) read(ctx context.Context, f *file, now time.Time) (more bool, err error) {
	before := f.offset
	if err := f.look(now); err != nil {
		return false, err
	}
	if f.offset < before {
		t.truncated.Inc()
	}
	if room := int(t.Config().Logs.MaxLine) + 1; room > len(t.buf) { // a line of which no end is seen is too long
		t.buf = make([]byte, room)
	}
	b, err := f.piece(t.buf)
	if err != nil || len(b) == 0 {
		return false, err
	}
	more = f.size > f.offset+int64(len(b))
	taken := 0
	skip := f.skip
	report := t.Take(ctx, ingest.LogTake{Source: "tail", Join: true, Patient: true, Decode: func(s *logline.Sheet) {
		w := writer{follower: t, file: f, sheet: s}
		if f.wrapping != wrappedNot {
			taken = f.containedIn(b, more, s.Limits.Line, now, w.contained)
			return
		}
		taken = f.records(b, more, s.Limits.Line, now, w.record)
	}})
	if report.Err != nil { // only when the context has ended
		f.skip = skip
		return false, nil
	}
	t.Took(taken, taken)
	f.offset += int64(taken)
	return more && taken > 0, nil
}

// writer writes the records of one piece on a sheet.
type writer struct {
	follower *Follower
	file     *file
	sheet    *logline.Sheet
	fields   logline.Fields
	from     *contained // what a container's runtime says of the record
}

var (
	hostName    = []byte("host")
	fileName    = []byte("filename")
	serviceName = []byte("service.name")
)

// contained writes a record of a container.
func (w *writer) contained(c contained) {
	w.from = &c
	w.record(c.text)
}

func (w *writer) record(b []byte) {
	if len(b) == 0 || w.sheet.Stopped() {
		return
	}
	if b[0] == '{' {
		var c jsonscan.Cursor
		c.Reset(b, w.sheet.Grabber())
		if w.fields.Document(w.sheet, &c, w.labels) && !c.More() {
			w.end(&w.sheet.Records[len(w.sheet.Records)-1], b)
			return
		}
		w.sheet.Skip()
	}
	r := w.sheet.Begin()
	w.fields.Begin(w.sheet, r)
	w.labels(r)
	r.Body = b[:len(b):len(b)]
	w.end(r, b)
}

// labels writes what is the same for all records of the file.
func (w *writer) labels(*telemetry.LogRecord) {
	t, f := w.follower, w.file
	w.fields.Label(hostName, t.host)
	w.fields.Label(fileName, []byte(f.path))
	for _, x := range []struct{ name, value string }{{"namespace", f.origin.namespace}, {"pod", f.origin.pod}, {"container", f.origin.container}} {
		if x.value != "" {
			w.fields.Label([]byte(x.name), []byte(x.value))
		}
	}
	if w.from != nil && w.from.at != 0 {
		w.fields.Label([]byte("stream"), []byte(map[bool]string{false: "stdout", true: "stderr"}[w.from.errors]))
	}
	if f.group.Service != "" {
		w.fields.Label(serviceName, []byte(f.group.Service))
	}
	for _, name := range f.labels {
		w.fields.Label([]byte(name), []byte(f.group.Labels[name]))
	}
}

// end completes a record: its service by the name of the file, its time by the line.
func (w *writer) end(r *telemetry.LogRecord, b []byte) {
	if r.Service == "" {
		r.Service = cmp.Or(w.file.origin.container, nameOf(w.file.path))
	}
	if r.Time == 0 && w.from != nil {
		r.Time = w.from.at
	}
	if r.Time == 0 {
		if ns, ok := logline.LeadingTime(b, w.follower.location); ok {
			r.Time = ns
		}
	}
	r.Body = line(r.Body) // Docker keeps the line feed inside its JSON
	w.sheet.End()
}

// nameOf is the name of a file without its ends.
func nameOf(path string) string {
	name := filepath.Base(path)
	if n := strings.IndexByte(name, '.'); n > 0 {
		name = name[:n]
	}
	return name
}
