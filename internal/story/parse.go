package story

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// defaultStart is a Monday at midnight, so that daily and weekly seasons begin
// where a reader expects them.
var defaultStart = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// Parse reads a script. Errors name file and line.
func Parse(file, text string) (*Script, error) {
	p := &scriptParser{s: &Script{File: file, Start: defaultStart, Tick: 15 * time.Second}, series: parser.NewParser(parser.Options{})}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		line := stripComment(lines[i])
		if strings.TrimSpace(line) == "" {
			i++
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			return nil, fmt.Errorf("%s:%d: an indented line must follow a command that takes a block", file, i+1)
		}
		j := i + 1
		for j < len(lines) && (strings.TrimSpace(lines[j]) == "" || lines[j][0] == ' ' || lines[j][0] == '\t') {
			j++
		}
		if err := p.command(i+1, line, lines[i+1:j]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
		i = j
	}
	p.finish()
	return p.s, nil
}

type scriptParser struct {
	s      *Script
	series parser.Parser
}

func (p *scriptParser) command(n int, line string, block []string) error {
	w, err := words(line)
	if err != nil {
		return err
	}
	switch w[0] {
	case "start":
		if len(w) != 2 {
			return fmt.Errorf("start: want one RFC 3339 time, got %q", line)
		}
		p.s.Start, err = time.Parse(time.RFC3339, w[1])
	case "tick":
		if len(w) != 2 {
			return fmt.Errorf("tick: want one duration, got %q", line)
		}
		if p.s.Tick, err = duration(w[1]); err == nil && p.s.Tick <= 0 {
			err = fmt.Errorf("tick: want a positive duration, got %q", w[1])
		}
	case "config":
		p.s.Config = placed(p.s.Config, n, block)
	case "alerts":
		p.s.Alerts = placed(p.s.Alerts, n, block)
	case "rules":
		p.s.Rules = placed(p.s.Rules, n, block)
	case "alertmanager":
		p.s.Routes = placed(p.s.Routes, n, block)
	case "stages":
		p.s.Stages = placed(p.s.Stages, n, block)
	case "slos":
		p.s.SLOs = placed(p.s.SLOs, n, block)
	case "load":
		err = p.load(n, w[1:], block)
	case "logs":
		err = p.logs(n, w[1:], block)
	case string(ActionChange), string(ActionRestart), string(ActionCrash), string(ActionAck), string(ActionResolve), string(ActionPerson), string(ActionSilence), string(ActionAlert), string(ActionDown),
		string(ActionExpected), string(ActionUnexpected), string(ActionFeedback), string(ActionRefit), string(ActionUndo):
		err = p.action(n, w)
	case "expect":
		err = p.expect(n, w[1:])
	default:
		err = fmt.Errorf("unknown command %q; want start, tick, config, alerts, rules, alertmanager, slos, stages, load, logs, change, restart, crash, ack, resolve, person, silence, alert, down, expected, unexpected, feedback, refit, undo or expect", w[0])
	}
	return err
}

func (p *scriptParser) load(n int, w, block []string) error {
	l := Load{Line: n}
	if len(w) == 0 {
		return fmt.Errorf("load: want a step, as in: load 15s")
	}
	var err error
	if l.Step, err = duration(w[0]); err != nil {
		return err
	}
	if l.Step <= 0 {
		return fmt.Errorf("load: want a positive step, got %q", w[0])
	}
	for i := 1; i < len(w); i += 2 {
		if i+1 >= len(w) {
			return fmt.Errorf("load: %s: want a value", w[i])
		}
		switch w[i] {
		case "at":
			l.At, err = duration(w[i+1])
		case "sent":
			l.Sent, err = duration(w[i+1])
		case "jitter":
			var pct float64
			pct, err = strconv.ParseFloat(strings.TrimSuffix(w[i+1], "%"), 64)
			l.Jitter = pct / 100
		default:
			err = fmt.Errorf("load: unknown option %q; want at, sent or jitter", w[i])
		}
		if err != nil {
			return err
		}
	}
	for i, line := range block {
		line = strings.TrimSpace(stripComment(line))
		if line == "" {
			continue
		}
		lbls, vals, err := p.series.ParseSeriesDesc(line)
		if err != nil {
			return fmt.Errorf("load: line %d: %w", n+1+i, err)
		}
		l.Series = append(l.Series, Series{Labels: lbls, Values: vals})
		p.s.End = max(p.s.End, l.At+time.Duration(len(vals))*l.Step)
	}
	p.s.End = max(p.s.End, l.Sent)
	if len(l.Series) == 0 {
		return fmt.Errorf("load: want at least one series on the indented lines below")
	}
	p.s.Loads = append(p.s.Loads, l)
	return nil
}

func (p *scriptParser) action(n int, w []string) error {
	if len(w) < 3 || w[1] != "at" {
		return fmt.Errorf("%s: want \"%s at DURATION key=value ...\"", w[0], w[0])
	}
	at, err := duration(w[2])
	if err != nil {
		return err
	}
	a := Action{Line: n, Kind: ActionKind(w[0]), At: at, Args: map[string]string{}}
	for _, kv := range w[3:] {
		k, v, ok := strings.Cut(kv, "=")
		if !ok {
			return fmt.Errorf("%s: want key=value, got %q", w[0], kv)
		}
		if known := actionKeys[a.Kind]; !slices.Contains(known, k) {
			return fmt.Errorf("%s: unknown key %q; want one of %q", w[0], k, known)
		}
		a.Args[k] = v
	}
	p.s.Actions = append(p.s.Actions, a)
	p.s.End = max(p.s.End, at)
	return nil
}

func (p *scriptParser) expect(n int, w []string) error {
	e := Expect{Line: n}
	var err error
	switch {
	case len(w) > 1 && w[0] == "total":
		e.Total, w = true, w[1:]
	case len(w) > 2 && w[0] == "at":
		if e.From, err = duration(w[1]); err != nil {
			return err
		}
		e.To, w = e.From, w[2:]
	case len(w) > 4 && (w[0] == "between" || w[0] == "never") && w[2] == "and":
		e.Never = w[0] == "never"
		if e.From, err = duration(w[1]); err != nil {
			return err
		}
		if e.To, err = duration(w[3]); err != nil {
			return err
		}
		if e.To < e.From {
			return fmt.Errorf("expect: want the end %s after the start %s", e.To, e.From)
		}
		w = w[4:]
	default:
		return fmt.Errorf("expect: want \"at T ...\", \"between T and T ...\", \"never T and T ...\" or \"total ...\"")
	}
	if err := checkWords(w, e.Total); err != nil {
		return err
	}
	e.Words = w
	p.s.Expects = append(p.s.Expects, e)
	p.s.End = max(p.s.End, e.To)
	return nil
}

func (p *scriptParser) finish() {
	sort.SliceStable(p.s.Actions, func(i, j int) bool { return p.s.Actions[i].At < p.s.Actions[j].At })
}

// duration reads a Prometheus duration such as 1h30m or 45s.
func duration(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("want a duration such as 90s or 1h30m, got %q", s)
	}
	return time.Duration(d), nil
}
