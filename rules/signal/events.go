package signal

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Events are two signals that are recorded for service level objectives and that
// conditions do not know: how many events a second there are, and how many of
// them are bad. Both are there, as 0, while nothing happens.
type Events struct{ All, Bad Signal }

// Prefixes of the names of such signals, after which the name of the source
// follows.
const (
	AllEvents = "slo:source:events:"
	BadEvents = "slo:source:bad:"
)

func newEvents(source string) Events {
	return Events{
		All: Signal{Name: AllEvents + source, Unit: PerSecond, Bad: None},
		Bad: Signal{Name: BadEvents + source, Unit: PerSecond, Bad: Up},
	}
}

// Failures counts the requests of a signal that is a share, such as error_rate,
// and those that failed. Variants that do not name both counters are left out;
// it is an error when none does.
func (s Signal) Failures(source string) (Events, error) {
	out := newEvents(source)
	var idle []Variant
	for _, v := range s.Variants {
		if v.Part == "" || v.Whole == "" {
			continue
		}
		part, whole := rateOf(v.Part), rateOf(v.Whole)
		out.All.Variants = append(out.All.Variants, v.withExpr(whole+" > 0"))
		out.Bad.Variants = append(out.Bad.Variants, v.withExpr(fmt.Sprintf("(%s and %s > 0) or 0 * (%s > 0)", part, whole, whole)))
		idle = append(idle, v.withExpr("0 * "+whole))
	}
	if len(idle) == 0 {
		return Events{}, fmt.Errorf("the signal %s does not tell how many of its events are bad", s.Name)
	}
	out.add(idle)
	return out, nil
}

// Slower counts the requests of a signal that is the quantile of a histogram, and
// those that took longer than the threshold, in the signal's unit. A threshold
// between two bounds of a classic histogram is interpolated.
func (s Signal) Slower(source string, threshold float64) (Events, error) {
	out := newEvents(source)
	p := parser.NewParser(parser.Options{})
	var idle []Variant
	for _, v := range s.Variants {
		if v.Histogram == "" {
			continue
		}
		count, buckets, err := histogramText(p, v.Histogram)
		if err != nil {
			return Events{}, err
		}
		limit := threshold
		if v.Scale != 0 {
			limit /= v.Scale
		}
		share := fmt.Sprintf("histogram_fraction(0, %s, %s)", strconv.FormatFloat(limit, 'g', -1, 64), buckets)
		out.All.Variants = append(out.All.Variants, v.withExpr(count+" > 0"))
		out.Bad.Variants = append(out.Bad.Variants, v.withExpr(fmt.Sprintf("(%s > 0) * clamp(1 - %s, 0, 1)", count, share)))
		idle = append(idle, v.withExpr("0 * "+count))
	}
	if len(idle) == 0 {
		return Events{}, fmt.Errorf("the signal %s is not made of histograms", s.Name)
	}
	out.add(idle)
	return out, nil
}

// Given counts what two expressions say: of all events, and of the bad ones.
func Given(source, all, bad string) Events {
	out := newEvents(source)
	out.All.Variants = []Variant{{Library: "as written", Expr: all}}
	out.Bad.Variants = []Variant{{Library: "as written", Expr: bad}}
	return out
}

// add puts what stands still after everything that counts, in both alike, so that
// both take the same variant of a service.
func (e *Events) add(idle []Variant) {
	e.All.Variants = append(e.All.Variants, idle...)
	e.Bad.Variants = append(e.Bad.Variants, idle...)
}

func rateOf(selector string) string {
	return fmt.Sprintf("sum by (service) (rate(%s[$window]))", selector)
}

// withExpr is the variant with another formula; services are found as before.
func (v Variant) withExpr(text string) Variant {
	return Variant{Library: v.Library, Expr: text, ServiceLabels: v.ServiceLabels, ServiceUntil: v.ServiceUntil}
}

// histogramText returns the rate of all observations of a histogram and what
// histogram_fraction takes.
func histogramText(p parser.Parser, selector string) (count, buckets string, err error) {
	e, err := p.ParseExpr(selector)
	if err != nil {
		return "", "", fmt.Errorf("histogram %q: %w", selector, err)
	}
	sel, ok := e.(*parser.VectorSelector)
	if !ok {
		return "", "", fmt.Errorf("histogram %q: want a selector", selector)
	}
	const bucket = "_bucket"
	if n := len(sel.Name) - len(bucket); n < 0 || sel.Name[n:] != bucket {
		native := rateOf(selector)
		return "histogram_count(" + native + ")", native, nil
	}
	whole := *sel
	whole.LabelMatchers = append(slices.Clone(sel.LabelMatchers), labels.MustNewMatcher(labels.MatchEqual, labels.BucketLabel, "+Inf"))
	return rateOf(whole.String()), fmt.Sprintf("sum by (service, le) (rate(%s[$window]))", selector), nil
}

// With returns a catalogue that records the given signals too. Conditions do not
// find them by name unless they ask for it.
func (c *Catalogue) With(more ...Signal) (*Catalogue, error) {
	out := &Catalogue{signals: append(slices.Clone(c.signals), more...)}
	return out, out.reindex()
}

// CheckExpr reports what is wrong with PromQL that an objective counts by.
func CheckExpr(text string, res Resolution) error {
	_, err := Signal{}.VariantExpr(parser.NewParser(parser.Options{}), Variant{Expr: text}, res, 2*time.Minute)
	return err
}
