package signal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// VariantExpr returns the PromQL of one variant of the signal.
func (s Signal) VariantExpr(p parser.Parser, v Variant, res Resolution, window time.Duration) (string, error) {
	text, err := s.Formula(v)
	if err != nil {
		return "", err
	}
	text = strings.ReplaceAll(text, "$window", model.Duration(window).String())
	e, err := p.ParseExpr(text)
	if err != nil {
		return "", fmt.Errorf("parse %q: %w", text, err)
	}
	if e.Type() != parser.ValueTypeVector {
		return "", fmt.Errorf("%q: want an instant vector, got a %s", text, parser.DocumentedType(e.Type()))
	}
	if ReadsBands(e) {
		return "", fmt.Errorf("%q: %w", text, ErrBands)
	}
	service := append([]string(nil), v.ServiceLabels...)
	instance := append([]string(nil), v.InstanceLabels...)
	r := resolver{p: p, keys: map[string]key{
		"service":     {name: "service", sources: append(service, res.Service...), until: v.ServiceUntil},
		"environment": {name: "environment", sources: res.Environment},
		"instance":    {name: "instance", sources: append(instance, "instance")},
	}}
	e, err = r.rewrite(e)
	if err != nil {
		return "", err
	}
	return e.String(), nil
}

// Formula returns a variant as PromQL in which `by (service)` and $window are
// not yet resolved. It is an error when the variant has none of the forms.
func (s Signal) Formula(v Variant) (string, error) {
	by := "service"
	if s.PerInstance {
		by += ", instance"
	}
	scaled := func(text string) string {
		if v.Scale == 0 || v.Scale == 1 {
			return text
		}
		return strconv.FormatFloat(v.Scale, 'g', -1, 64) + " * (" + text + ")"
	}
	rate := func(sel string) string { return fmt.Sprintf("sum by (%s) (rate(%s[$window]))", by, sel) }
	sum := func(sel string) string { return fmt.Sprintf("sum by (%s) (%s)", by, sel) }
	switch {
	case v.Rate != "":
		return scaled(rate(v.Rate)), nil
	case v.Part != "":
		return scaled(fmt.Sprintf("%s / (%s > 0) or 0 * (%s > 0)", rate(v.Part), rate(v.Whole), rate(v.Whole))), nil
	case v.Histogram != "":
		if s.quantile <= 0 || s.quantile >= 1 {
			return "", fmt.Errorf("histogram %s: want a quantile between 0 and 1 at the signal, got %v", v.Histogram, s.quantile)
		}
		inner := by
		if strings.Contains(v.Histogram, "_bucket") {
			inner += ", le"
		}
		q := strconv.FormatFloat(s.quantile, 'g', -1, 64)
		// Comparing drops NaN, the quantile of no observations.
		return scaled(fmt.Sprintf("histogram_quantile(%s, sum by (%s) (rate(%s[$window]))) >= 0", q, inner, v.Histogram)), nil
	case v.Gauge != "" && v.Of != "":
		return scaled(fmt.Sprintf("%s / (%s > 0)", sum(v.Gauge), sum(v.Of))), nil
	case v.Gauge != "":
		return scaled(sum(v.Gauge)), nil
	case v.Expr != "":
		return scaled(v.Expr), nil
	}
	return "", fmt.Errorf("want one of rate, part and whole, histogram, gauge or expr")
}
