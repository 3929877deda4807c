package head

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// tenLabels returns the labels of n series: of ten pairs one belongs to one series only
// and one has 250 values.
func tenLabels(n int) []labels.Labels {
	out := make([]labels.Labels, n)
	b := labels.NewScratchBuilder(10)
	for i := range out {
		b.Reset()
		b.Add("__name__", "http_requests_"+strconv.Itoa(i%40))
		b.Add("cluster", "eu-west-1")
		b.Add("container", "server")
		b.Add("handler", "/api/v1/"+strconv.Itoa(i%20))
		b.Add("instance", fmt.Sprintf("10.0.0.%d:9100", i%250))
		b.Add("job", "shop-"+strconv.Itoa(i%7))
		b.Add("method", "GET")
		b.Add("namespace", "shop")
		b.Add("pod", fmt.Sprintf("frontend-7d4b9c-%08x", i*2654435761))
		b.Add("status", strconv.Itoa(200+i%5))
		out[i] = b.Labels()
	}
	return out
}

func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// beside runs ours and theirs in turn and reports the processor time of both for one
// of n, and their ratio.
func beside(b *testing.B, n int, ours, theirs func()) {
	b.Helper()
	var cpu [2]time.Duration
	rounds := 0
	for b.Loop() {
		for i, do := range []func(){ours, theirs} {
			runtime.GC()
			from := cpuTime(b)
			do()
			cpu[i] += cpuTime(b) - from
		}
		rounds++
	}
	per := float64(rounds) * float64(n)
	b.ReportMetric(float64(cpu[0])/per, "ours-cpu-ns")
	b.ReportMetric(float64(cpu[1])/per, "theirs-cpu-ns")
	b.ReportMetric(float64(cpu[0])/float64(cpu[1]), "ratio")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkIndex_Create200k(b *testing.B) {
	all := tenLabels(200_000)
	beside(b, len(all), func() {
		x := newIndex()
		var last ID
		for _, ls := range all {
			x.getOrCreate(ls, func() ID { last++; return last })
		}
	}, func() {
		h := openTSDBHead(b)
		app := h.Appender(context.Background())
		for _, ls := range all {
			if _, err := app.Append(0, ls, 1, 1); err != nil {
				b.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

// filled has n series with so many samples.
func filled(b *testing.B, n, samples int) *both {
	b.Helper()
	x := newBoth(b)
	o := tsdb.DefaultOptions()
	o.WALSegmentSize = -1 // no log
	db, err := tsdb.Open(b.TempDir(), promslog.NewNopLogger(), nil, o, nil)
	if err != nil {
		b.Fatal(err)
	}
	db.DisableCompactions()
	b.Cleanup(func() { _ = db.Close() })
	x.theirs = db.Head()
	all := tenLabels(n)
	for i := range samples {
		x.append(all, int64(1+i)*2_500, func(j int) float64 { return float64(i * j % 100) })
	}
	db.ForceHeadMMap() // as it does each minute
	return x
}

// read runs a Select to its end.
func read(b *testing.B, block tsdb.BlockReader, sort bool, hints *storage.SelectHints, ms []*labels.Matcher) (series, samples int) {
	q := querierOf(b, block, 0, testRange)
	defer q.Close()
	set := q.Select(context.Background(), sort, hints, slices.Clone(ms)...)
	var it chunkenc.Iterator
	for set.Next() {
		series++
		if set.At().Labels().IsEmpty() {
			b.Fatal("no labels")
		}
		it = set.At().Iterator(it)
		for it.Next() != chunkenc.ValNone {
			samples++
		}
	}
	if set.Err() != nil {
		b.Fatal(set.Err())
	}
	return series, samples
}

func BenchmarkBlock_Query(b *testing.B) {
	for _, samples := range []int{20, 360} {
		b.Run(fmt.Sprintf("%d samples", samples), func(b *testing.B) { queries(b, samples) })
	}
}

func queries(b *testing.B, samples int) {
	const n = 100_000
	x := filled(b, n, samples)
	theirs, ours := x.blocks(0, testRange)
	one := tenLabels(1)[0].Get("pod")
	eq := func(name, value string) *labels.Matcher { return labels.MustNewMatcher(labels.MatchEqual, name, value) }
	re := func(name, value string) *labels.Matcher {
		return labels.MustNewMatcher(labels.MatchRegexp, name, value)
	}
	for _, c := range []struct {
		name   string
		series int
		times  int
		sort   bool
		fn     string
		ms     []*labels.Matcher
	}{
		{"one of a pod", 1, 2000, false, "", []*labels.Matcher{eq("pod", one)}},
		{"one of a name and pod", 1, 1000, true, "", []*labels.Matcher{eq("__name__", "http_requests_0"), eq("pod", one)}},
		{"2500 of a name, sorted", n / 40, 5, true, "", []*labels.Matcher{eq("__name__", "http_requests_0")}},
		{"all", n, 1, false, "", []*labels.Matcher{eq("namespace", "shop")}},
		{"all, sorted", n, 1, true, "", []*labels.Matcher{eq("namespace", "shop")}},
		{"all, labels only", n, 1, false, "series", []*labels.Matcher{eq("namespace", "shop")}},
		{"regexp of pods", 0, 1, false, "", []*labels.Matcher{re("pod", ".*ffff.*")}},
		{"regexp of pods of one instance", 0, 1, false, "", []*labels.Matcher{eq("instance", "10.0.0.3:9100"), re("pod", ".*[0-4]")}},
		{"regexp of instances", n / 250 * 11, 1, false, "", []*labels.Matcher{re("instance", "10.0.0.1.?:9100")}},
		{"any pod", n, 1, false, "series", []*labels.Matcher{re("pod", ".+")}},
	} {
		b.Run(c.name, func(b *testing.B) {
			ask := func(block tsdb.BlockReader) func() {
				return func() {
					for range c.times {
						series, _ := read(b, block, c.sort, &storage.SelectHints{Start: 0, End: testRange, Func: c.fn}, c.ms)
						if c.series != 0 && series != c.series {
							b.Fatalf("%d series, want %d", series, c.series)
						}
					}
				}
			}
			beside(b, max(c.series, 1)*c.times, ask(ours), ask(theirs))
		})
	}
	for _, c := range []struct {
		name  string
		label string
		ms    []*labels.Matcher
		times int
	}{
		{"250 values", "instance", nil, 1000},
		{"100k values", "pod", nil, 3},
		{"values with a matcher", "instance", []*labels.Matcher{eq("job", "shop-1")}, 20},
		{"values of pods with a matcher", "pod", []*labels.Matcher{eq("job", "shop-1")}, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			ask := func(block tsdb.BlockReader) func() {
				return func() {
					for range c.times {
						q := querierOf(b, block, 0, testRange)
						values, _, err := q.LabelValues(context.Background(), c.label, nil, slices.Clone(c.ms)...)
						if err != nil || len(values) == 0 {
							b.Fatalf("%d values, %v", len(values), err)
						}
						q.Close()
					}
				}
			}
			beside(b, c.times, ask(ours), ask(theirs))
		})
	}
}

// BenchmarkQuerier_Labels asks for labels alone, of one name and of all series.
func BenchmarkQuerier_Labels(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) { labelQueries(b, n) })
	}
}

func labelQueries(b *testing.B, n int) {
	x := filled(b, n, 5)
	theirs, ours := x.blocks(0, testRange)
	eq := func(name, value string) *labels.Matcher { return labels.MustNewMatcher(labels.MatchEqual, name, value) }
	for _, c := range []struct {
		name  string
		times int
		ms    *labels.Matcher
	}{
		{"one pod", 2000, eq("pod", tenLabels(1)[0].Get("pod"))},
		{"a name", 10, eq("__name__", "http_requests_0")},
		{"all", 1, eq("namespace", "shop")},
	} {
		for what, ask := range map[string]func(q storage.Querier) error{
			"series": func(q storage.Querier) error {
				set := q.Select(context.Background(), false, &storage.SelectHints{Start: 0, End: testRange, Func: "series"}, c.ms)
				for set.Next() {
					if set.At().Labels().IsEmpty() {
						b.Fatal("no labels")
					}
				}
				return set.Err()
			},
			"series, sorted": func(q storage.Querier) error {
				set := q.Select(context.Background(), true, &storage.SelectHints{Start: 0, End: testRange, Func: "series"}, c.ms)
				for set.Next() {
					if set.At().Labels().IsEmpty() {
						b.Fatal("no labels")
					}
				}
				return set.Err()
			},
			"names": func(q storage.Querier) error {
				_, _, err := q.LabelNames(context.Background(), nil, c.ms)
				return err
			},
			"values": func(q storage.Querier) error {
				_, _, err := q.LabelValues(context.Background(), "instance", nil, c.ms)
				return err
			},
			"pods": func(q storage.Querier) error {
				_, _, err := q.LabelValues(context.Background(), "pod", nil, c.ms)
				return err
			},
			"all names": func(q storage.Querier) error {
				_, _, err := q.LabelNames(context.Background(), nil)
				return err
			},
			"all values": func(q storage.Querier) error {
				_, _, err := q.LabelValues(context.Background(), "instance", nil)
				return err
			},
			"all pods": func(q storage.Querier) error {
				_, _, err := q.LabelValues(context.Background(), "pod", nil)
				return err
			},
		} {
			if strings.HasPrefix(what, "all") && c.name != "all" || what == "pods" && c.name == "one pod" {
				continue
			}
			times := c.times
			if what == "all names" || what == "all values" {
				times = 500
			}
			b.Run(c.name+"/"+what, func(b *testing.B) {
				of := func(block tsdb.BlockReader) func() {
					return func() {
						for range times {
							q := querierOf(b, block, 0, testRange)
							if err := ask(q); err != nil {
								b.Fatal(err)
							}
							q.Close()
						}
					}
				}
				beside(b, times, of(ours), of(theirs))
			})
		}
	}
}

// BenchmarkIndex_SortAll sorts all series by labels, as compaction does.
func BenchmarkIndex_SortAll(b *testing.B) {
	x := filled(b, 200_000, 1)
	theirs, ours := x.blocks(0, testRange)
	sort := func(block tsdb.BlockReader) func() {
		return func() {
			ix, err := block.Index()
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for p := tsdb.AllSortedPostings(context.Background(), ix); p.Next(); n++ {
			}
			if n != 200_000 {
				b.Fatalf("%d series", n)
			}
		}
	}
	beside(b, 200_000, sort(ours), sort(theirs))
}

// BenchmarkIndex_RemoveHalf removes every other of a million series. There is nothing in
// the TSDB to do that alone.
func BenchmarkIndex_RemoveHalf(b *testing.B) {
	const n = 1_000_000
	all := tenLabels(n)
	var cpu time.Duration
	rounds := 0
	for b.Loop() {
		x := newIndex()
		var ids counter
		for _, ls := range all {
			x.getOrCreate(ls, ids.next)
		}
		gone := make([]ID, n/2)
		for i := range gone {
			gone[i] = ID(2*i + 1)
		}
		runtime.GC()
		from := cpuTime(b)
		x.remove(gone)
		cpu += cpuTime(b) - from
		rounds++
		if x.len() != n/2 {
			b.Fatalf("%d series left", x.len())
		}
	}
	b.ReportMetric(float64(cpu)/float64(rounds)/(n/2), "cpu-ns/gone")
}

func BenchmarkIndex_Symbols(b *testing.B) {
	x := filled(b, 200_000, 1)
	theirs, ours := x.blocks(0, testRange)
	symbols := func(block tsdb.BlockReader) func() {
		return func() {
			ix, err := block.Index()
			if err != nil {
				b.Fatal(err)
			}
			for s := ix.Symbols(); s.Next(); {
			}
		}
	}
	beside(b, 200_000, symbols(ours), symbols(theirs))
}
