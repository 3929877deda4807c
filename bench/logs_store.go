package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/VictoriaMetrics/metrics"

	tocsinlogs "github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
)

// logsStoreAlone measures the log store on a stream like that of Train Ticket, without
// the other parts of the bench logs.
func logsStoreAlone(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("logs-store", flag.ContinueOnError)
	var run logStoreRun
	flags.IntVar(&run.rows, "rows", 1_000_000, "records to write")
	flags.StringVar(&run.dir, "dir", "", "folder for the store; empty: a temporary one")
	flags.BoolVar(&run.fsync, "fsync", false, "with durability: fsync")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	found := figures{}
	return found, logStoreFigures(run, found, out)
}

// logsStore is the part of the bench logs.
func logsStore(f logsFlags, found figures, out io.Writer) error {
	if f.rows == 0 || f.set != "" {
		return nil
	}
	fmt.Fprintln(out)
	return logStoreFigures(logStoreRun{rows: f.rows}, found, out)
}

// storeMiner is the miner as the store asks it.
type storeMiner struct {
	miner   *template.Miner
	matches sync.Pool
}

// Mine implements logs.Miner.
func (m *storeMiner) Mine(r *telemetry.LogRecord, at int64, spans []segment.Span) (uint64, []segment.Span) {
	match, _ := m.matches.Get().(*template.Match)
	if match == nil {
		match = new(template.Match)
	}
	m.miner.Mine(r.Service, r.Severity, r.Template, r.Body, at, match)
	for _, v := range match.Vars {
		spans = append(spans, segment.Span{Start: v.Start, End: v.End})
	}
	id := match.ID
	m.matches.Put(match)
	return id, spans
}

// logStoreRun is what one run of the bench is told.
type logStoreRun struct {
	rows  int
	dir   string
	fsync bool
}

// logBatchRows is how many records one request has.
const logBatchRows = 1000

// logStoreFigures writes records from two senders while the store seals, and then looks
// for single ones.
func logStoreFigures(run logStoreRun, found figures, out io.Writer) (err error) {
	if run.dir == "" {
		if run.dir, err = os.MkdirTemp("", "tocsin-logs"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(run.dir)) }()
	}
	begin := time.Now().Add(-2 * time.Hour).Truncate(time.Hour)
	sent, raw := logRecords(begin, run.rows)
	cfg := tocsinlogs.DefaultConfig()
	if run.fsync {
		cfg.Durability = tocsinlogs.DurabilityFsync
	}
	s, err := tocsinlogs.Open(tocsinlogs.Options{
		Dir: run.dir, Config: cfg, Miner: &storeMiner{miner: template.New(template.DefaultConfig())}, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	runtime.GC()
	cpu, start := cpuTime(), time.Now()
	if err := writeLogs(s, sent, 2); err != nil {
		return err
	}
	acked := time.Since(start)
	if err := s.Flush(); err != nil {
		return err
	}
	took, used := time.Since(start), cpuTime()-cpu
	cancel()
	if err := <-ended; err != nil {
		return err
	}
	before, err := folderBytes(run.dir)
	if err != nil {
		return err
	}
	if _, err := s.Merge(context.Background()); err != nil {
		return err
	}
	size, err := folderBytes(run.dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintf(w, "records\t%d\tof %.1f MB as lines with their fields (generated: 27 services, seed 6)\n", run.rows, float64(raw)/1e6)
	fmt.Fprintf(w, "written\t%.0f rows/s\tacknowledged at %.0f rows/s, all sealed after %.2f s, %.2f CPU-s\n",
		float64(run.rows)/took.Seconds(), float64(run.rows)/acked.Seconds(), took.Seconds(), used.Seconds())
	fmt.Fprintf(w, "on disk\t%.2f MB\t%.2f MB before files were merged\n", float64(size)/1e6, float64(before)/1e6)
	found["rows_per_s"], found["disk_mb"] = float64(run.rows)/took.Seconds(), float64(size)/1e6
	found["log_cpu_s_per_1m"] = used.Seconds() * 1e6 / float64(run.rows)
	worst, err := findNeedles(s, sent, begin, w)
	if err != nil {
		return err
	}
	found["needle_ms"] = worst
	return w.Flush()
}

// sentLogs are records as they lie in the bodies of requests, without pointers: what
// the collector walks in the time that is measured is the store's memory, as in a
// daemon, and not that of a million records made beforehand.
type sentLogs struct {
	services []string
	streams  [][]telemetry.Pair
	records  []sentRecord
	text     []byte
}

type sentRecord struct {
	at              int64
	trace           [16]byte
	span            [8]byte
	from, to        int // of the text
	service, stream int32
	severity        telemetry.Severity
}

// logRecords makes the records beforehand, so that making them is not measured, and
// returns their size as lines.
func logRecords(begin time.Time, rows int) (sent *sentLogs, raw int) {
	from := logstest.NewStream(6, begin)
	sent = &sentLogs{records: make([]sentRecord, 0, rows)}
	services, streams := map[string]int32{}, map[string]int32{}
	var r telemetry.LogRecord
	for range rows {
		raw += from.Next(&r)
		service, known := services[r.Service]
		if !known {
			service = int32(len(sent.services))
			services[r.Service], sent.services = service, append(sent.services, r.Service)
		}
		stream, known := streams[string(r.Stream[0].Value)] // the pod, of one service
		if !known {
			stream = int32(len(sent.streams))
			streams[string(r.Stream[0].Value)], sent.streams = stream, append(sent.streams, slices.Clone(r.Stream))
		}
		at := len(sent.text)
		sent.text = append(sent.text, r.Body...)
		sent.records = append(sent.records, sentRecord{
			at: r.Time, trace: r.TraceID, span: r.SpanID, from: at, to: len(sent.text), service: service, stream: stream, severity: r.Severity,
		})
	}
	return sent, raw
}

// batch puts request i into b, as a receiver does: fields alias the body.
func (l *sentLogs) batch(i int, b *telemetry.LogBatch) {
	b.Reset()
	for _, x := range l.records[i*logBatchRows : min((i+1)*logBatchRows, len(l.records))] {
		r := b.Next()
		r.Time, r.Severity, r.Service, r.TraceID, r.SpanID = x.at, x.severity, l.services[x.service], x.trace, x.span
		r.Stream = append(r.Stream, l.streams[x.stream]...)
		r.Body = l.text[x.from:x.to:x.to]
	}
}

func (l *sentLogs) batches() int { return (len(l.records) + logBatchRows - 1) / logBatchRows }

func writeLogs(s *tocsinlogs.Store, sent *sentLogs, senders int) error {
	var next atomic.Int64
	errs := make([]error, senders)
	var wg sync.WaitGroup
	for w := range senders {
		wg.Go(func() {
			var b telemetry.LogBatch
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= sent.batches() {
					return
				}
				sent.batch(i, &b)
				res, err := s.WriteLogs(context.Background(), &b)
				if err == nil && res.Stored != len(b.Records) {
					err = fmt.Errorf("%d of %d records were stored: %v", res.Stored, len(b.Records), res.Refused)
				}
				errs[w] = err
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

var orderID = regexp.MustCompile(`order(?: id)?: ([0-9a-f]{8}-[0-9a-f-]{27})`)

// findNeedles looks for records by their trace, and by an id that is in the text of one
// record only, and returns the higher of the two medians in milliseconds.
func findNeedles(s *tocsinlogs.Store, sent *sentLogs, begin time.Time, w io.Writer) (worst float64, err error) {
	rng := rand.New(rand.NewPCG(4, 4))
	kinds := map[string]func(r *telemetry.LogRecord) (q tocsinlogs.Query, ok bool){
		"trace id": func(r *telemetry.LogRecord) (q tocsinlogs.Query, ok bool) {
			q.Trace = r.TraceID
			return q, true
		},
		"trace id in text": func(r *telemetry.LogRecord) (q tocsinlogs.Query, ok bool) {
			id := hex.EncodeToString(r.TraceID[:])
			q.Lines = []tocsinlogs.LineFilter{tocsinlogs.Contains(id, false)}
			return q, bytes.Contains(r.Body, []byte(id))
		},
		"UUID in text": func(r *telemetry.LogRecord) (q tocsinlogs.Query, ok bool) {
			m := orderID.FindSubmatch(r.Body)
			if m == nil {
				return q, false
			}
			q.Lines = []tocsinlogs.LineFilter{tocsinlogs.Contains(string(m[1]), false)}
			return q, true
		},
	}
	var b telemetry.LogBatch
	for _, name := range []string{"trace id", "trace id in text", "UUID in text"} {
		var took []float64
		for len(took) < 40 {
			sent.batch(rng.IntN(sent.batches()), &b)
			q, ok := kinds[name](&b.Records[rng.IntN(len(b.Records))])
			if !ok {
				continue
			}
			q.From, q.To, q.Limit = begin.UnixNano(), begin.Add(24*time.Hour).UnixNano(), 1000
			at := time.Now()
			st, err := s.Search(context.Background(), q, func(*tocsinlogs.Record) error { return nil })
			if err != nil {
				return 0, err
			}
			if st.Records == 0 {
				return 0, fmt.Errorf("%s: a record that was stored is not found", name)
			}
			took = append(took, float64(time.Since(at).Microseconds())/1000)
		}
		slices.Sort(took)
		fmt.Fprintf(w, "%s\t%.1f ms\tmedian of %d; slowest %.1f ms\n", name, took[len(took)/2], len(took), took[len(took)-1])
		worst = max(worst, took[len(took)/2])
	}
	return worst, nil
}

func folderBytes(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		n += info.Size()
		return err
	})
	return n, err
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
