package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// lines are the references: predict_linear over so many hours.
const lines = 3

var (
	lineHours       = [lines]float64{1, 6, 24}
	capacityMethods = [1 + lines]string{"tocsin", "line of 1h", "line of 6h", "line of 24h"}
)

// never is the error of a method that does not see the threshold reached.
const never = 9.99

// relative returns by how much of the truth a time is off, never at most.
func relative(said, truth float64) float64 { return min(math.Abs(said-truth)/truth, never) }

// line is the least-squares line through the samples of the last hours.
type line struct {
	value, slope float64 // at the newest sample, and a day
	ok           bool
}

// line fits what predict_linear fits: the samples of the hours up to a row, the
// earliest moment left out.
func (l *life) line(row int, hours float64) line {
	n := int(math.Ceil(hours * 3600 / float64(l.step)))
	var count, st, sv, stt, stv float64
	base := l.samples[row].V
	for i := max(0, row-n+1); i <= row; i++ {
		t, v := float64((i-row)*l.step)/86400, l.samples[i].V-base
		count++
		st, sv, stt, stv = st+t, sv+v, stt+t*t, stv+t*v
	}
	if count < 2 {
		return line{}
	}
	slope := (stv - st*sv/count) / (stt - st*st/count)
	return line{base + sv/count - slope*st/count, slope, true}
}

// reaches returns in how many days the line comes to a threshold; false if it leads
// away from it.
func (x line) reaches(threshold float64) (days float64, ok bool) {
	if !x.ok {
		return 0, false
	}
	days = (threshold - x.value) / x.slope
	return days, days >= 0
}

// answer is what came of one question: whether the truth lay between earliest and
// latest, how far those are apart if there is a latest, and by how much of the truth
// each method was off.
type answer struct {
	*life
	horizon         int
	since           float64 // hours since the onset
	within, bounded bool
	width           float64
	errors          [1 + lines]float64
}

// watched is what was said of a calm series: hours in which it was to be full within
// days, and how often that began.
type watched struct {
	*life
	hours          float64
	said, episodes [1 + lines]float64
}

// after reports whether a question was asked so long after the onset.
func (a answer) after(hours float64) bool {
	return a.filling.onset && math.Abs(a.since-hours) <= float64(a.step)/3600
}

type capacityScore struct {
	answers []answer
	watched []watched
}

// cell is the sum over some answers.
type cell struct {
	n, within, bounded float64
	near               [1 + lines]float64 // off by less than half
	width              float64
	errors             [1 + lines]float64
}

// of sums up the answers that keep lets through.
func (s *capacityScore) of(keep func(answer) bool) cell {
	var c cell
	var widths []float64
	var errors [1 + lines][]float64
	for _, a := range s.answers {
		if !keep(a) {
			continue
		}
		c.n++
		if a.within {
			c.within++
		}
		if a.bounded {
			c.bounded++
			widths = append(widths, a.width)
		}
		for i, e := range a.errors {
			if errors[i] = append(errors[i], e); e < 0.5 {
				c.near[i]++
			}
		}
	}
	c.within, c.bounded, c.width = c.within/c.n, c.bounded/c.n, median(widths)
	for i := range errors {
		c.errors[i] = median(errors[i])
		c.near[i] /= c.n
	}
	return c
}

// falsehoods returns how often a week the methods began to say of the calm series that
// keep lets through that they will be full, and for which share of the time they did.
func (s *capacityScore) falsehoods(keep func(watched) bool) (weekly, share [1 + lines]float64) {
	hours := 0.0
	for _, w := range s.watched {
		if keep(w) {
			hours += w.hours
			for i := range weekly {
				weekly[i] += w.episodes[i]
				share[i] += w.said[i]
			}
		}
	}
	for i := range weekly {
		weekly[i], share[i] = weekly[i]/hours*168, share[i]/hours
	}
	return weekly, share
}

// figures are means over kinds, so that each counts the same.
func (s *capacityScore) figures() figures {
	found, grows, calm := figures{}, 0.0, 0.0
	names := [1 + lines]string{"", "_line_1h", "_line_6h", "_line_24h"}
	for _, f := range fillings {
		if f.calm {
			calm++
			weekly, _ := s.falsehoods(func(w watched) bool { return w.name == f.name })
			for i, name := range names {
				found["false_a_week"+name] += weekly[i]
			}
			continue
		}
		grows++
		c := s.of(func(a answer) bool { return a.name == f.name })
		found["within_80"] += c.within
		for i, name := range names {
			found["error"+name] += c.errors[i]
		}
	}
	found["within_80"] /= grows
	for _, name := range names {
		found["error"+name] /= grows
		found["false_a_week"+name] /= calm
	}
	return found
}

// print writes the tables.
func (s *capacityScore) print(out io.Writer, each bool) error {
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	names := strings.Join(capacityMethods[:], "\t")
	head := "questions\tin earliest to latest\twith a latest\twidth of those\tmedian error, of the time left:\t" + names + "\tless than half:\t" + names
	row := func(name string, keep func(answer) bool) {
		c := s.of(keep)
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.2f\t%.2f\t", name, c.n, c.within, c.bounded, c.width)
		for _, e := range c.errors {
			fmt.Fprintf(w, "\t%.2f", e)
		}
		fmt.Fprint(w, "\t")
		for _, v := range c.near {
			fmt.Fprintf(w, "\t%.2f", v)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "what fills up\t"+head)
	for _, f := range fillings {
		if f.calm {
			continue
		}
		row(f.name, func(a answer) bool { return a.name == f.name })
		for h, x := range capacityHorizons {
			if each && x.wild == f.wild {
				row("  in "+x.name, func(a answer) bool { return a.name == f.name && a.horizon == h })
			}
		}
	}
	row("all", func(answer) bool { return true })
	if each {
		for h, x := range capacityHorizons {
			row("in "+x.name, func(a answer) bool { return a.horizon == h })
		}
		for _, hours := range onsetHours {
			row(fmt.Sprintf("%v h after the onset", hours), func(a answer) bool { return !a.wild && a.after(hours) })
		}
		for _, hours := range wildHours {
			row(fmt.Sprintf("%v h after what is wild", hours), func(a answer) bool { return a.wild && a.after(hours) })
			for h, x := range capacityHorizons {
				if x.wild {
					row("  in "+x.name, func(a answer) bool { return a.wild && a.horizon == h && a.after(hours) })
				}
			}
			for _, step := range capacitySteps[:3] {
				row(fmt.Sprintf("  each %d s", step), func(a answer) bool { return a.wild && a.step == step && a.after(hours) })
			}
		}
		for _, step := range capacitySteps {
			row(fmt.Sprintf("each %d s", step), func(a answer) bool { return a.step == step })
		}
		for _, noise := range capacityNoises {
			row(fmt.Sprintf("noise %v", noise), func(a answer) bool { return a.noise == noise })
		}
	}
	fmt.Fprintln(w, "\nwhat does not\tfull within three days, times a week:\t"+names+"\tpart of the time:\t"+names)
	for _, f := range fillings {
		if f.calm {
			weekly, share := s.falsehoods(func(w watched) bool { return w.name == f.name })
			fmt.Fprintf(w, "%s\t", f.name)
			for _, v := range weekly {
				fmt.Fprintf(w, "\t%.2f", v)
			}
			fmt.Fprint(w, "\t")
			for _, v := range share {
				fmt.Fprintf(w, "\t%.3f", v)
			}
			fmt.Fprintln(w)
		}
	}
	return w.Flush()
}
