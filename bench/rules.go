package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	prules "github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
)

// rulesPlan is what the flags of the rules bench ask for.
type rulesPlan struct {
	fleet
	rules, rounds, warm int
	alertmanager        string
	alerts, tellings    int
	within              time.Duration
	dir                 string
	out                 io.Writer
	ctx                 context.Context // ends with the bench; the servers end with it
}

// rulesBench measures the evaluation of rules beside Prometheus' own rule manager,
// in one process, over stores of the same samples, taking turns.
func rulesBench(args []string, out io.Writer) (figures, error) {
	f := flag.NewFlagSet("rules", flag.ContinueOnError)
	p := rulesPlan{out: out}
	f.IntVar(&p.rules, "rules", 1000, "rules")
	f.IntVar(&p.services, "services", 143, "services that the rules are about")
	f.IntVar(&p.instances, "instances", 5, "instances of each service, with 12 series each")
	f.IntVar(&p.rounds, "rounds", 20, "evaluations of all rules that are measured")
	f.IntVar(&p.warm, "warm", 12, "evaluations before")
	f.DurationVar(&p.within, "within", 75*time.Second, "end the evaluations after this time, with at least five that are measured")
	f.StringVar(&p.alertmanager, "alertmanager", "prometheus-alertmanager", "program of Alertmanager; none leaves the intake of alerts out")
	f.IntVar(&p.alerts, "alerts", 2000, "alerts that are told to each")
	f.IntVar(&p.tellings, "tellings", 10, "how often each alert is told: new, repeated, at last as ended; at least 3")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if p.alerts < 1 || p.tellings < 3 {
		return nil, fmt.Errorf("want -alerts of at least 1 and -tellings of at least 3, got %d and %d", p.alerts, p.tellings)
	}
	var err error
	if p.dir, err = os.MkdirTemp("", "bench-rules-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(p.dir)
	ctx, done := untilSignal()
	defer done()
	p.ctx = ctx
	found, err := p.race()
	if err != nil || without(p.alertmanager) == "" {
		return found, err
	}
	if _, err := exec.LookPath(p.alertmanager); err != nil {
		return nil, fmt.Errorf("%w: alertmanager: %v; name its program by -alertmanager, or none", errLacking, err)
	}
	return found, p.intake(found)
}

// leastRounds are measured however long they take.
const leastRounds = 5

// contender evaluates all rules at a time.
type contender struct {
	name  string
	does  string // in a few words
	eval  func(ctx context.Context, at time.Time) error
	close func() error

	cpu, wall []float64 // seconds of each round
	firing    int
}

func (p rulesPlan) race() (figures, error) {
	end := time.Now().Truncate(rulesStep)
	total := p.warm + p.rounds
	first := end.Add(-time.Duration(total) * rulesStep)
	text, err := yaml.Marshal(p.groups(p.rules))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.dir, "rules.yml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, err
	}
	theirs, n, err := p.theirs(path, first, total)
	if err != nil {
		return nil, err
	}
	defer theirs.close()
	own, err := p.ours(path, first, total)
	if err != nil {
		return nil, err
	}
	defer own.close()
	began := time.Now()
	for i := range total {
		if i >= p.warm+leastRounds && time.Since(began) > p.within {
			break
		}
		at := first.Add(time.Duration(i+1) * rulesStep)
		pair := []*contender{own, theirs}
		if i%2 == 1 {
			pair[0], pair[1] = pair[1], pair[0]
		}
		for _, c := range pair {
			runtime.GC() // nobody pays for the other's garbage
			cpu, wall := processCPU(), time.Now()
			if err := c.eval(p.ctx, at); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if i >= p.warm {
				c.cpu, c.wall = append(c.cpu, processCPU()-cpu), append(c.wall, time.Since(wall).Seconds())
			}
		}
	}
	t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d rules over %d series, %d rounds each, taking turns\n\n", p.rules, n, len(own.cpu))
	fmt.Fprintln(t, "\tCPU ms a round, median\twall ms\trules/s of CPU\t")
	for _, c := range []*contender{own, theirs} {
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.0f\t%s\n", c.name, 1000*median(c.cpu), 1000*median(c.wall), float64(p.rules)/median(c.cpu), c.does)
	}
	found := figures{
		"rules_ratio_prometheus": median(own.cpu) / median(theirs.cpu),
		"rules_cpu_us_each":      1e6 * median(own.cpu) / float64(p.rules),
	}
	fmt.Fprintf(t, "\nours / theirs\t%.2f\n", found["rules_ratio_prometheus"])
	return found, t.Flush()
}

// theirs is Prometheus' rule manager with the options of its server.
func (p rulesPlan) theirs(path string, first time.Time, total int) (*contender, int, error) {
	db, n, err := p.fill(filepath.Join(p.dir, "theirs"), 40+total+1, first.Add(time.Duration(total+1)*rulesStep))
	if err != nil {
		return nil, 0, err
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: 2 * time.Minute, LookbackDelta: 5 * time.Minute,
		NoStepSubqueryIntervalFn: func(int64) int64 { return 60_000 }, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}), Reg: prometheus.NewRegistry(),
	})
	man := prules.NewManager(&prules.ManagerOptions{
		QueryFunc: prules.EngineQueryFunc(engine, db), AppendableV2: db, Queryable: db, Context: context.Background(),
		NotifyFunc: func(context.Context, string, ...*prules.Alert) {}, Logger: slog.New(slog.DiscardHandler),
		Parser: parser.NewParser(parser.Options{}), Registerer: prometheus.NewRegistry(),
		OutageTolerance: time.Hour, ForGracePeriod: 10 * time.Minute, ResendDelay: time.Minute,
	})
	groups, errs := man.LoadGroups(rulesStep, labels.EmptyLabels(), "", nil, false, path)
	if len(errs) > 0 {
		return nil, 0, errs[0]
	}
	c := &contender{name: "prometheus", does: "evaluates rules", close: db.Close}
	c.eval = func(ctx context.Context, at time.Time) error {
		for _, g := range groups {
			for _, r := range g.AlertingRules() {
				r.SetRestored(true)
			}
			prules.DefaultEvalIterationFunc(ctx, g, at)
			for _, r := range g.Rules() {
				if r.LastError() != nil {
					return r.LastError()
				}
			}
		}
		return nil
	}
	return c, n, nil
}

// ours is the engine as the daemon has it: over bands, with what it records shown
// to a detector, signals included.
func (p rulesPlan) ours(path string, first time.Time, total int) (*contender, error) {
	db, _, err := p.fill(filepath.Join(p.dir, "ours"), 40+total+1, first.Add(time.Duration(total+1)*rulesStep))
	if err != nil {
		return nil, err
	}
	cfg := config.Default()
	cfg.Rules.RuleFiles = []string{path}
	set, err := rules.ReadRuleSet(cfg.Rules, "")
	if err != nil {
		return nil, err
	}
	h, err := app.NewHistory(context.Background(), app.HistoryOptions{
		Config: cfg, RuleSet: set.Lean(), Store: db, Logger: slog.New(slog.DiscardHandler),
		Notify: func(context.Context, []rules.Alert) {},
	})
	if err != nil {
		return nil, err
	}
	return &contender{name: "tocsin", does: "evaluates rules, tells held from resolved, watches what is recorded", close: h.Close, eval: func(ctx context.Context, at time.Time) error {
		_, err := h.Eval(ctx, at)
		return err
	}}, nil
}

// processCPU returns the processor time that this process has used, in seconds.
func processCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
