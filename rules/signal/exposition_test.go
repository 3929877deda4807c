package signal_test

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"

	"github.com/tocsinhq/tocsin/rules/signal"
)

var resolution = signal.Resolution{
	Service:     []string{"service", "service_name", "app", "job"},
	Environment: []string{"environment", "env", "deployment_environment", "deployment_environment_name"},
}

func compiled(t testing.TB) *signal.Compiled {
	t.Helper()
	cat, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cat.Compile(resolution, 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCatalogue_ExpositionOfLibrary_GivesSignals loads what each library really
// exposes, as five minutes of scrapes in which counters rise from 0 to the value
// in the file, and compares every signal with the `# want` lines of the file.
// Those in testdata/captured were taken from running programs; `# origin` says of
// which, and only the families that the catalogue reads were kept.
func TestCatalogue_ExpositionOfLibrary_GivesSignals(t *testing.T) {
	files, err := filepath.Glob("testdata/[ec]*/*.prom")
	if err != nil || len(files) == 0 {
		t.Fatalf("no expositions: %v", err)
	}
	all := compiled(t)
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".prom"), func(t *testing.T) {
			db := teststorage.New(t)
			want := load(t, db, file, seen)
			got := evaluate(t, db, all)
			for series, v := range want {
				g, ok := got[series]
				if !ok || math.Abs(g-v) > 1e-6*math.Max(1, math.Abs(v)) {
					t.Errorf("%s: got %v (present: %v), want %v", series, g, ok, v)
				}
			}
			for series, v := range got {
				if _, ok := want[series]; !ok {
					t.Errorf("%s: got %v, want it absent", series, v)
				}
			}
		})
	}
	for _, m := range all.Metrics() {
		if !seen[m] && !optional[m] {
			t.Errorf("no exposition in testdata shows the metric %s, which the catalogue reads", m)
		}
	}
}

// optional metrics are native histograms, which the text format cannot show.
var optional = map[string]bool{"http_request_duration_seconds": true, "http_server_request_duration_seconds": true, "tocsin_span_duration_seconds": true}

// evaluate returns every signal at the end of the scrapes, by its series.
func evaluate(t *testing.T, db storage.Queryable, c *signal.Compiled) map[string]float64 {
	t.Helper()
	engine := promqltest.NewTestEngine(t, false, 0, 1e6)
	out := map[string]float64{}
	for _, r := range c.Group("signals", nil).Rules {
		q, err := engine.NewInstantQuery(t.Context(), db, nil, r.Expr, time.Unix(300, 0))
		if err != nil {
			t.Fatal(err)
		}
		v, err := q.Exec(t.Context()).Vector()
		if err != nil {
			t.Fatalf("%s: %v", r.Record, err)
		}
		for _, s := range v {
			out[strings.TrimPrefix(r.Record, signal.Prefix)+s.Metric.String()] = s.F
		}
		q.Close()
	}
	return out
}

var wantLine = regexp.MustCompile(`^# want ([a-z0-9_]+)(\{.*\}) (\S+)$`)

// load scrapes the file for five minutes and returns what it wants.
func load(t *testing.T, db storage.Appendable, file string, seen map[string]bool) map[string]float64 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[string]float64{}
	var target labels.Labels
	var text strings.Builder
	flush := func() {
		scrape(t, db, text.String(), target, seen)
		text.Reset()
	}
	for in := bufio.NewScanner(f); in.Scan(); {
		line := in.Text()
		if rest, ok := strings.CutPrefix(line, "# target "); ok {
			flush()
			b := labels.NewBuilder(labels.EmptyLabels())
			for _, pair := range strings.Fields(rest) {
				name, value, _ := strings.Cut(pair, "=")
				b.Set(name, value)
			}
			target = b.Labels()
			continue
		}
		if m := wantLine.FindStringSubmatch(line); m != nil {
			v, err := strconv.ParseFloat(m[3], 64)
			if err != nil {
				t.Fatal(err)
			}
			l, err := parseLabels(m[2])
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			want[m[1]+l.String()] = v
			continue
		}
		fmt.Fprintln(&text, line)
	}
	flush()
	return want
}

func parseLabels(text string) (labels.Labels, error) {
	p := textparse.NewPromParser([]byte("x"+text+" 1\n"), labels.NewSymbolTable(), false)
	if _, err := p.Next(); err != nil {
		return labels.EmptyLabels(), err
	}
	var l labels.Labels
	p.Labels(&l)
	return labels.NewBuilder(l).Del(labels.MetricName).Labels(), nil
}

// scrape stores the text 21 times over five minutes with the labels of the
// target, as a Prometheus server does: labels in conflict are kept as exported_.
func scrape(t *testing.T, db storage.Appendable, text string, target labels.Labels, seen map[string]bool) {
	t.Helper()
	p := textparse.NewPromParser([]byte(text), labels.NewSymbolTable(), false)
	rising := false
	app := db.Appender(t.Context())
	for {
		entry, err := p.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch entry {
		case textparse.EntryType:
			_, kind := p.Type()
			rising = kind == "counter" || kind == "histogram" || kind == "summary"
		case textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			_, _, v := p.Series()
			seen[l.Get(labels.MetricName)] = true
			b := labels.NewBuilder(l)
			target.Range(func(x labels.Label) {
				if own := l.Get(x.Name); own != "" {
					b.Set("exported_"+x.Name, own)
				}
				b.Set(x.Name, x.Value)
			})
			for i := range 21 {
				value := v
				if rising {
					value = v * float64(i) / 20
				}
				if _, err := app.Append(0, b.Labels(), int64(i)*15_000, value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}
