package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// LogOptions are what a receiver of logs is made of. Of Options the sink is not used.
type LogOptions struct {
	Options
	Logs LogSink
}

// LogReceiver is what the receivers of logs share beside Receiver: a sheet for the
// records of a request, its way to the sink, and what the sender is told. It is safe
// for concurrent use.
type LogReceiver struct {
	*Receiver
	sink   LogSink
	sheets sync.Pool // of *logline.Sheet
}

// NewLogReceiver returns the shared part of a receiver of logs. protocol is its word
// in metrics and in the log.
func NewLogReceiver(protocol string, o LogOptions) *LogReceiver {
	return &LogReceiver{Receiver: newReceiver(protocol, o.Options, true), sink: o.Logs}
}

// LogReport says what became of the entries of a request.
type LogReport struct {
	Entries int // that the request had
	Stored  int // of them
	Refused map[string]int
	// Rejected names the first refused entries, at most telemetry.MaxRejections.
	Rejected []telemetry.LogRejection
	// Err is why the rest could not be stored now; nil if nothing kept it from being stored.
	Err error
}

// LogTake is one request as LogReceiver.Take is given it.
type LogTake struct {
	Source string // whom it is from
	Size   int    // of its body in bytes, for which memory for records is claimed
	// Join makes one record of the lines of a stack trace, if the configuration wants it.
	Join bool
	// Joiner, if not nil, joins over requests; only for ways in that acknowledge nothing.
	Joiner *logline.Joiner
	// Patient tries again, until the context ends, what could not be stored; for ways in
	// whose senders would not.
	Patient bool
	// Rejected, if not nil, is told of each entry that was refused.
	Rejected func(entry int, reason, message string)
	// Decode writes the entries on the sheet. It ends early when the sheet is stopped.
	Decode func(s *logline.Sheet)
}

// What the records of a request take in memory: so many times the body, but no
// more than a full sheet.
const (
	recordBytes   = 4
	maxSheetBytes = 12 << 20
)

// Take has a request decoded, completes its records and stores them, in as many
// batches as it needs.
func (h *LogReceiver) Take(ctx context.Context, t LogTake) *LogReport {
	var b Body
	if f := h.Reserve(&b, min(int64(t.Size)*recordBytes, maxSheetBytes)); f != nil {
		return &LogReport{Err: errors.New(f.Text)}
	}
	defer h.Release(&b)
	s, ok := h.sheets.Get().(*logline.Sheet)
	if !ok {
		s = new(logline.Sheet)
	}
	report := h.take(ctx, t, s)
	s.Clear() // not after a panic: then it may still be in use
	if !s.Large() {
		h.sheets.Put(s)
	}
	return report
}

func (h *LogReceiver) take(ctx context.Context, t LogTake, s *logline.Sheet) *LogReport {
	report := &LogReport{Refused: map[string]int{}}
	s.Limits = h.config.Logs.limits()
	s.Source = t.Source
	reject := func(entry int, reason, message string) {
		report.Refused[reason]++
		if len(report.Rejected) < telemetry.MaxRejections {
			report.Rejected = append(report.Rejected, telemetry.LogRejection{Record: entry, Reason: reason, Message: message})
		}
		if t.Rejected != nil {
			t.Rejected(entry, reason, message)
		}
	}
	s.OnReject = reject
	s.Store = func() { h.store(ctx, t, s, report, reject) }
	t.Decode(s)
	if !s.Stopped() {
		s.Flush()
	}
	report.Entries = s.Entries()
	h.counters.repaired("attributes_dropped", s.Dropped())
	for reason, n := range report.Refused {
		h.counters.rejected(reason, n)
	}
	if len(report.Rejected) > 0 {
		h.Warn(report.Text(), t.Source)
	}
	return report
}

// store completes and stores the batch that is on the sheet.
func (h *LogReceiver) store(ctx context.Context, t LogTake, s *logline.Sheet, report *LogReport, reject func(int, string, string)) {
	if s.Stopped() {
		return
	}
	now := h.now()
	done := logline.Finish(s, now, h.config.Logs.MaxFuture.Std())
	h.counters.repaired("cut", done.Cut)
	h.counters.repaired("time", done.Times)
	entries := len(s.Records)
	switch {
	case !h.config.Logs.JoinLines:
	case t.Joiner != nil:
		h.counters.repaired("joined", t.Joiner.Take(s, now))
	case t.Join:
		h.counters.repaired("joined", logline.Join(s))
	}
	if len(s.Records) == 0 {
		report.Stored += entries
		return
	}
	result, err := h.write(ctx, s, t.Patient)
	if err != nil {
		report.Err = err
		s.Stop()
		return
	}
	h.counters.records.Add(result.Stored)
	for _, r := range result.Rejected {
		if t.Joiner != nil {
			entries--
			reject(0, r.Reason, r.Message)
			continue
		}
		s.EntriesOf(r.Record, func(entry int) {
			entries--
			reject(entry, r.Reason, r.Message)
		})
	}
	report.Stored += max(0, entries)
}

// Waits between attempts to store what a sender would not send again.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// write gives a batch to the sink, if patient until it is taken or the context ends; what is lost then
// is counted.
func (h *LogReceiver) write(ctx context.Context, s *logline.Sheet, patient bool) (telemetry.LogResult, error) {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		result, err := h.sink.WriteLogs(ctx, &s.LogBatch)
		if err == nil || !patient {
			return result, err
		}
		h.Refused(Unavailable(err), s.Source)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			continue
		case <-ctx.Done():
			timer.Stop()
		}
		h.counters.rejected("unavailable", len(s.Records))
		return result, err
	}
}

// Due stores what a joiner holds back for longer than a second at now, or
// everything if all is set.
func (h *LogReceiver) Due(ctx context.Context, j *logline.Joiner, source string, now time.Time, all bool) {
	s := new(logline.Sheet)
	s.Source = source
	j.Due(s, now, all)
	if len(s.Records) == 0 {
		return
	}
	result, err := h.write(ctx, s, true)
	if err != nil {
		return
	}
	h.counters.records.Add(result.Stored)
	for reason, n := range result.Refused {
		h.counters.rejected(reason, n)
	}
}

// RefusedTotal returns how many entries were refused.
func (r *LogReport) RefusedTotal() (n int) {
	for _, k := range r.Refused {
		n += k
	}
	return n
}

// Text tells in one line how much was stored and why the rest was not.
func (r *LogReport) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stored %d of %d records", r.Stored, r.Entries)
	told := 0
	for _, x := range r.Rejected {
		line := fmt.Sprintf("; record %d: %s [%s]", x.Record+1, x.Message, x.Reason)
		if b.Len()+len(line) > maxFirstLine {
			break
		}
		b.WriteString(line)
		told++
	}
	if more := r.RefusedTotal() - told; more > 0 {
		fmt.Fprintf(&b, "; and %d more refused", more)
	}
	return strings.ToValidUTF8(strings.ReplaceAll(b.String(), "\n", " "), "\uFFFD")
}

// Refusal returns what the sender is answered, nil if everything was stored: 503
// when nothing could be stored now, 429 when nothing but the room for more is missing, 400
// when records were refused.
func (r *LogReport) Refusal() *Refusal {
	if r.Err != nil {
		return Unavailable(r.Err)
	}
	n := r.RefusedTotal()
	switch {
	case n == 0:
		return nil
	case r.Stored == 0 && r.Refused[telemetry.ReasonLogsFull] == n:
		return Refuse(429, "over_limit", "%s", r.Text()).After(limitRetry)
	}
	return Refuse(400, "partly_refused", "%s", r.Text())
}
