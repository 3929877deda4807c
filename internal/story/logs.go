package story

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Logs are lines of one service that come at a steady pace. Each indented line of the
// script is written every Every; <n> in it becomes a number that is another each time.
type Logs struct {
	Line     int
	From, To time.Duration
	Every    time.Duration
	Service  string
	Severity telemetry.Severity
	Bodies   []string
}

// logs reads "logs every 5s from 0s to 3h service=pay level=info" and its lines.
func (p *scriptParser) logs(n int, w, block []string) error {
	const want = "logs: want \"logs every DURATION from DURATION to DURATION service=NAME level=LEVEL\""
	if len(w) != 8 || w[0] != "every" || w[2] != "from" || w[4] != "to" {
		return fmt.Errorf(want)
	}
	l := Logs{Line: n}
	for i, to := range []*time.Duration{&l.Every, &l.From, &l.To} {
		d, err := duration(w[1+2*i])
		if err != nil {
			return fmt.Errorf("logs: %w", err)
		}
		*to = d
	}
	if l.Every <= 0 || l.To <= l.From {
		return fmt.Errorf("logs: want a positive pace and an end after the start, got every %s from %s to %s", l.Every, l.From, l.To)
	}
	for _, kv := range w[6:] {
		k, v, _ := strings.Cut(kv, "=")
		switch k {
		case "service":
			l.Service = v
		case "level":
			var known bool
			if l.Severity, known = telemetry.ParseSeverity(v); !known {
				return fmt.Errorf("logs: unknown level %q; want trace, debug, info, warn, error or fatal", v)
			}
		default:
			return fmt.Errorf("logs: unknown key %q; want service or level", k)
		}
	}
	for _, line := range block {
		if line = strings.TrimSpace(stripComment(line)); line != "" {
			l.Bodies = append(l.Bodies, line)
		}
	}
	if len(l.Bodies) == 0 {
		return fmt.Errorf("logs: want at least one line of text on the indented lines below")
	}
	p.s.Logs = append(p.s.Logs, l)
	p.s.End = max(p.s.End, l.To)
	return nil
}

// logLine is one line before it is written.
type logLine struct {
	at   time.Duration
	from *Logs
	body string
}

// logLines lists all lines of a script in the order of their times.
func logLines(s *Script) []logLine {
	var out []logLine
	for i := range s.Logs {
		l := &s.Logs[i]
		number := uint64(l.Line)
		for k := 0; l.From+time.Duration(k)*l.Every < l.To; k++ {
			for b, body := range l.Bodies {
				for strings.Contains(body, "<n>") {
					number = number*6364136223846793005 + 1442695040888963407
					body = strings.Replace(body, "<n>", strconv.FormatUint(number>>44, 10), 1)
				}
				at := l.From + time.Duration(k)*l.Every + time.Duration(b)*l.Every/time.Duration(len(l.Bodies))
				out = append(out, logLine{at, l, body})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].at < out[j].at })
	return out
}
