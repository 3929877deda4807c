package slo

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

type burnDefinition struct {
	Rate     float64          `yaml:"rate"`
	Long     yamldoc.Duration `yaml:"long"`
	Short    yamldoc.Duration `yaml:"short"`
	For      yamldoc.Duration `yaml:"for"`
	Severity string           `yaml:"severity"`
}

type lowDefinition struct {
	MinBadEvents *float64 `yaml:"min_bad_events"`
	Confidence   string   `yaml:"confidence"`
}

func (p *reader) burns(o *Objective) {
	if p.d.BurnRates == nil {
		o.Burns = DefaultBurns(o.Target, o.Window)
		return
	}
	for i, b := range p.d.BurnRates {
		at := fmt.Sprintf(".burn_rates[%d]", i)
		x := Burn{Rate: b.Rate, Long: b.Long.Std(), Short: b.Short.Std(), For: b.For.Std(), Severity: b.Severity}
		if x.Severity == "" {
			x.Severity = "critical"
		}
		if !slices.Contains([]string{"info", "warning", "critical"}, x.Severity) {
			p.report(at+".severity", "want info, warning or critical, got %q", b.Severity)
		}
		if most := 1 / (1 - o.Target); !(x.Rate >= 1) || x.Rate >= most {
			p.report(at+".rate", "want a rate from 1 to below %.4g, at which every event is bad, got %v", most, b.Rate)
		}
		if x.Short < time.Minute || x.Long <= x.Short || x.Long > o.Window {
			p.report(at+".long", "want a short window of 1m or more, a longer one, and none longer than the objective's %s, got short %s and long %s",
				yamldoc.Duration(o.Window), b.Short, b.Long)
		}
		if x.For < 0 {
			p.report(at+".for", "want a positive duration, got %s", b.For)
		}
		o.Burns = append(o.Burns, x)
	}
}

func (p *reader) lowTraffic(o *Objective) {
	if m := p.d.LowTraffic.MinBadEvents; m != nil {
		o.LowTraffic.MinBad = *m
		if !(*m >= 0) || math.IsInf(*m, 0) {
			p.report(".low_traffic.min_bad_events", "want 0 or more, got %v", *m)
		}
	}
	if text := p.d.LowTraffic.Confidence; text != "" {
		v, ok := share(text)
		if !ok || v < 0 || v >= 1 {
			p.report(".low_traffic.confidence", "want a share from 0%% to below 100%%, such as 99.99%%, got %q", text)
			return
		}
		o.LowTraffic.Confidence = v
	}
}
