package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// capacity measures how well it is foretold when disks, quotas and the like will be full,
// on made-up series, beside lines through the last hours, as people write them with
// predict_linear; and how often it is said of what does not fill up.
func capacity(args []string, out io.Writer) (figures, error) {
	flags := flag.NewFlagSet("capacity", flag.ContinueOnError)
	n := flags.Int("series", 1, "series of each kind, step, noise and direction")
	kinds := flags.String("kinds", "", "only what has one of these, separated by commas, in its name")
	each := flags.Bool("each", false, "a table by horizon, step and noise too")
	cfg, err := parametersFlag(flags).parse(flags, args, out)
	if err != nil {
		return nil, err
	}
	if *n < 1 {
		return nil, fmt.Errorf("--series: want at least 1, got %d", *n)
	}
	var score capacityScore
	lives(*n, strings.Split(*kinds, ","), func(l *life) {
		if err == nil {
			err = score.live(cfg, l)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := score.print(out, *each); err != nil {
		return nil, err
	}
	return score.figures(), nil
}

// live runs one series through a bank and asks as it goes.
func (s *capacityScore) live(cfg detector.Config, l *life) error {
	bank, err := detector.NewBank(cfg)
	if err != nil {
		return err
	}
	slot := bank.Register(labels.FromStrings(labels.MetricName, "filling"))
	if l.calm {
		s.watch(bank, slot, l)
		l.samples = nil // the answers keep the life
		return nil
	}
	next, questions := 0, l.questions()
	for row, x := range l.samples {
		bank.Observe(slot, x.T, x.V)
		for ; next < len(questions) && questions[next].row == row; next++ {
			s.ask(bank, slot, l, questions[next])
		}
	}
	l.samples = nil
	return nil
}

// ask asks all methods one question.
func (s *capacityScore) ask(bank *detector.Bank, slot detector.Slot, l *life, q question) {
	c, _ := bank.Until(slot, q.threshold, !l.falls, capacityReach(4*q.days))
	days := func(at int64) float64 { return float64(at-l.samples[q.row].T) / 86400e3 }
	a := answer{life: l, horizon: q.horizon, since: (l.day(q.row) - l.onset) * 24, within: c.Earliest != 0 && days(c.Earliest) <= q.days && (c.Latest == 0 || days(c.Latest) >= q.days)}
	if c.Latest != 0 {
		a.bounded, a.width = true, (days(c.Latest)-days(c.Earliest))/q.days
	}
	a.errors[0] = never
	if c.Likely != 0 {
		a.errors[0] = relative(days(c.Likely), q.days)
	}
	for i, hours := range lineHours {
		a.errors[i+1] = never
		if d, ok := l.line(q.row, hours).reaches(q.threshold); ok {
			a.errors[i+1] = relative(d, q.days)
		}
	}
	s.answers = append(s.answers, a)
}

// claimWithin is within how many days a calm series is said to be full where it is wrong.
const claimWithin = 3

// watchEvery is how often it is asked, in seconds.
const watchEvery = 900

// watch asks about a calm series again and again, as a rule would.
func (s *capacityScore) watch(bank *detector.Bank, slot detector.Slot, l *life) {
	threshold, w := l.beyond(), watched{life: l}
	var before [1 + lines]bool
	for row, x := range l.samples {
		bank.Observe(slot, x.T, x.V)
		if l.day(row) < quietDays || row*l.step%watchEvery != 0 {
			continue
		}
		var said [1 + lines]bool
		c, _ := bank.Until(slot, threshold, !l.falls, capacityReach(claimWithin))
		said[0] = c.Likely != 0
		for i, hours := range lineHours {
			d, ok := l.line(row, hours).reaches(threshold)
			said[i+1] = ok && d <= claimWithin
		}
		w.hours += max(watchEvery, float64(l.step)) / 3600
		for i := range said {
			if said[i] {
				w.said[i] += max(watchEvery, float64(l.step)) / 3600
				if !before[i] {
					w.episodes[i]++
				}
			}
		}
		before = said
	}
	s.watched = append(s.watched, w)
}

// capacityReach is days as a duration.
func capacityReach(days float64) time.Duration { return time.Duration(days * 24 * float64(time.Hour)) }
