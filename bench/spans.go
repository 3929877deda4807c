package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	receiving "github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

type spansFlags struct {
	lasts int
	total int
	peer  bool
}

// spansBench times the receiver of spans and what is made of them, on one core, beside
// the connector of the OpenTelemetry Collector that makes metrics of spans (and no edges,
// no self time), and looks whether memory stays level.
func spansBench(args []string, out io.Writer) (figures, error) {
	var f spansFlags
	set := flag.NewFlagSet("spans", flag.ContinueOnError)
	set.IntVar(&f.lasts, "seconds", 10, "how long each is timed")
	set.IntVar(&f.total, "spans", 5_000_000, "spans of the look at memory")
	set.BoolVar(&f.peer, "peer", true, "time the OpenTelemetry Collector's connector as well")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	bodies, err := spanBodies(40)
	if err != nil {
		return nil, err
	}
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	found := figures{}
	r := newSpanRun()
	begin, cpu := time.Now(), cpuTime()
	for i := 0; time.Since(begin) < time.Duration(f.lasts)*time.Second; i++ {
		if err := r.post(bodies[i%len(bodies)]); err != nil {
			return nil, err
		}
	}
	used := cpuTime() - cpu
	found["spans_per_s_core"] = float64(r.spans) / used.Seconds()
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tspans a second and core\tns a span")
	row := func(what string, rate float64) { fmt.Fprintf(w, "%s\t%.0f k\t%.0f\n", what, rate/1e3, 1e9/rate) }
	row("Tocsin: receive, figures, edges, self time", found["spans_per_s_core"])
	if f.peer {
		peer, err := spanPeer(bodies, f.lasts)
		if err != nil {
			fmt.Fprintf(out, "the Collector's connector was not timed: %v\n", err)
		} else {
			row("Collector: decode, spanmetrics", peer)
			found["spans_ratio_collector"] = found["spans_per_s_core"] / peer
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return found, spanMemory(bodies, f.total, found, out)
}

// spanMemory takes many spans, whose traces are all different, and looks at the heap at
// every tenth.
func spanMemory(bodies [][]byte, total int, found figures, out io.Writer) error {
	r := newSpanRun()
	var first, last float64
	for part := range 10 {
		for r.spans < total*(part+1)/10 {
			if err := r.post(bodies[r.posts%len(bodies)]); err != nil {
				return err
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		last = float64(m.HeapAlloc) / (1 << 20)
		if part == 1 { // the first fills what is held
			first = last
		}
	}
	found["heap_mb"], found["heap_growth"] = last, last/first
	fmt.Fprintf(out, "heap after %d spans: %.1f MiB, %.2f times what it was after a fifth of them\n", r.spans, last, last/first)
	return nil
}

// spanRun is a receiver over what folds spans, with a clock of its own: a second is 20000
// spans.
type spanRun struct {
	handler otlp.TraceHandler
	fold    *topology.Spans
	now     time.Time
	batch   telemetry.Batch
	spans   int
	posts   int
	stepped time.Time
	body    []byte
}

func newSpanRun() *spanRun {
	c := topology.DefaultGraphConfig()
	r := &spanRun{fold: topology.NewSpans(c.Spans, topology.NewGraph(c)), now: spansAt}
	r.handler = otlp.TraceHandler{TraceService: otlp.NewTraceService(receiving.Options{
		Config: receiving.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(),
	}, r)}
	return r
}

var spansAt = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// TakeSpans folds a batch; its traces are made to differ from those of earlier rounds.
func (r *spanRun) TakeSpans(b *telemetry.SpanBatch, res *telemetry.SpanResult) {
	shift := r.now.Sub(spansAt).Nanoseconds()
	for i := range b.Spans {
		s := &b.Spans[i]
		binary.BigEndian.PutUint64(s.TraceID[:], binary.BigEndian.Uint64(s.TraceID[:])^uint64(r.posts))
		s.Start, s.End = s.Start+shift, s.End+shift
	}
	r.spans += len(b.Spans)
	r.fold.Take(b, res, r.now)
}

func (r *spanRun) post(body []byte) error {
	before := r.spans
	req := httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/x-protobuf")
	res := httptest.NewRecorder()
	r.handler.ServeHTTP(res, req)
	if res.Code != http.StatusOK || res.Body.Len() > 2 {
		return fmt.Errorf("export of %d bytes: answered %d %q", len(body), res.Code, res.Body)
	}
	r.posts++
	r.now = r.now.Add(time.Duration(r.spans-before) * 50 * time.Microsecond)
	if r.now.Sub(r.stepped) >= 15*time.Second {
		r.stepped = r.now
		r.batch.Reset()
		r.fold.Step(&r.batch, r.now)
	}
	return nil
}

// spanBodies returns exports of about 500 spans as the Collector would batch them: traces
// of 12 spans over 6 of 24 services, with the attributes of HTTP and databases.
func spanBodies(n int) ([][]byte, error) {
	random := rand.New(rand.NewPCG(1, 2))
	var out [][]byte
	for range n {
		td := ptrace.NewTraces()
		services := map[string]ptrace.SpanSlice{}
		for range 42 {
			spanTrace(td, services, random)
		}
		body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
		if err != nil {
			return nil, err
		}
		out = append(out, body)
	}
	return out, nil
}

func spanTrace(td ptrace.Traces, services map[string]ptrace.SpanSlice, random *rand.Rand) {
	var trace [16]byte
	binary.BigEndian.PutUint64(trace[:], random.Uint64())
	binary.BigEndian.PutUint64(trace[8:], random.Uint64())
	add := func(service, name string, kind ptrace.SpanKind, parent [8]byte, from, took int) (ptrace.Span, [8]byte) {
		list, ok := services[service]
		if !ok {
			rs := td.ResourceSpans().AppendEmpty()
			for k, v := range map[string]string{"service.name": service, "service.version": "1.4.2", "host.name": "box-" + service, "telemetry.sdk.language": "go", "telemetry.sdk.name": "opentelemetry", "deployment.environment.name": "production"} {
				rs.Resource().Attributes().PutStr(k, v)
			}
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
			list = ss.Spans()
			services[service] = list
		}
		s := list.AppendEmpty()
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], random.Uint64())
		s.SetTraceID(trace)
		s.SetSpanID(id)
		s.SetParentSpanID(parent)
		s.SetName(name)
		s.SetKind(kind)
		start := spansAt.Add(-2*time.Second + time.Duration(from)*time.Microsecond)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(took) * time.Microsecond)))
		if random.IntN(50) == 0 {
			s.Status().SetCode(ptrace.StatusCodeError)
		}
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutStr("url.path", "/api/v1/things/"+strconv.Itoa(random.IntN(100_000)))
		s.Attributes().PutInt("http.response.status_code", 200)
		s.Attributes().PutStr("server.address", service+".shop.svc.cluster.local")
		s.Attributes().PutStr("network.protocol.version", "1.1")
		s.Attributes().PutStr("user_agent.original", "okhttp/4.12.0")
		return s, id
	}
	at, took := 0, 100_000+random.IntN(100_000)
	var parent [8]byte
	for depth := range 6 {
		service := fmt.Sprintf("service-%d", depth*4+random.IntN(4))
		s, id := add(service, fmt.Sprintf("GET /api/v1/things/{id}/%d", random.IntN(8)), ptrace.SpanKindServer, parent, at, took)
		s.Attributes().PutStr("http.route", fmt.Sprintf("/api/v1/things/{id}/%d", random.IntN(8)))
		at, took = at+2000, took-6000
		s, parent = add(service, "GET", ptrace.SpanKindClient, id, at, took)
		if depth == 5 {
			s.Attributes().PutStr("db.system.name", "postgresql")
			s.Attributes().PutStr("db.namespace", "things")
		}
		at, took = at+1000, took-3000
	}
}

// spanPeer times the connector, which is a module of its own.
func spanPeer(bodies [][]byte, lasts int) (rate float64, err error) {
	dir, err := os.MkdirTemp("", "bench-spans-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	var data []byte
	for _, b := range bodies {
		data = append(binary.BigEndian.AppendUint32(data, uint32(len(b))), b...)
	}
	file, program := filepath.Join(dir, "exports"), filepath.Join(dir, "spanmetrics")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return 0, err
	}
	build := exec.Command("go", "-C", "bench/testdata/spanmetrics", "build", "-mod=readonly", "-o", program, ".")
	build.Env = append(os.Environ(), "GOFLAGS=")
	if text, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build: %w\n%s", err, text)
	}
	text, err := exec.Command(program, file, strconv.Itoa(lasts)).Output()
	if err != nil {
		return 0, fmt.Errorf("run: %w", err)
	}
	_, err = fmt.Sscan(strings.TrimSpace(string(text)), &rate)
	return rate, err
}
