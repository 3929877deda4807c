package trial

import (
	"fmt"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/internal/noise"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Input is one series that comes in: Values in promtool's notation, or made by a
// form as Rate, a counter that rises so fast, or Level, a gauge.
type Input struct {
	Series string  `yaml:"series"`
	Values string  `yaml:"values"`
	Noise  percent `yaml:"noise"` // of each value, or of each rise of a counter
	Rate   *Form   `yaml:"rate"`
	Level  *Form   `yaml:"level"`
}

// Form is how a made series goes: Base, times a wave over the day, times another
// on Saturdays and Sundays, growing or shrinking from day to day, with noise, and
// what happens in between.
type Form struct {
	Base    float64 `yaml:"base"`    // of a rate: per second
	Daily   percent `yaml:"daily"`   // how far the day swings around Base
	Peak    span    `yaml:"peak"`    // time of the day, in UTC, at which it is highest
	Weekend percent `yaml:"weekend"` // added on Saturdays and Sundays
	Trend   percent `yaml:"trend"`   // of Base, added each day
	Noise   percent `yaml:"noise"`
	Steps   []Step  `yaml:"steps"`
}

// Step changes a form for a while: the value is multiplied by Factor, or set.
type Step struct {
	From   span     `yaml:"from"`
	To     span     `yaml:"to"` // 0 is for good
	Factor *float64 `yaml:"factor"`
	Set    *float64 `yaml:"set"`
}

// percent is a share that is written as 5% or 0.05.
type percent float64

// UnmarshalText reads either.
func (p *percent) UnmarshalText(text []byte) error {
	var v float64
	var err error
	if n := len(text); n > 0 && text[n-1] == '%' {
		_, err = fmt.Sscanf(string(text), "%g%%", &v)
		v /= 100
	} else {
		_, err = fmt.Sscanf(string(text), "%g", &v)
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return &yamldoc.WantError{Want: "a share such as 5%", Got: string(text)}
	}
	*p = percent(v)
	return nil
}

func (in Input) check(report func(field, format string, args ...any)) {
	n := 0
	for _, is := range []bool{in.Values != "", in.Rate != nil, in.Level != nil} {
		if is {
			n++
		}
	}
	switch {
	case in.Series == "":
		report(".series", "want a series such as up{job=\"pay\"}")
	case n > 1:
		report("", "want one of values, rate and level, got %d of them", n)
	case in.Noise != 0 && in.Values == "":
		report(".noise", "want values with it; rate and level have a noise of their own")
	}
	for name, f := range map[string]*Form{".rate": in.Rate, ".level": in.Level} {
		if f == nil {
			continue
		}
		for i, s := range f.Steps {
			if (s.Factor == nil) == (s.Set == nil) {
				report(fmt.Sprintf("%s.steps[%d]", name, i), "want one of factor and set")
			}
			if s.To != 0 && s.To < s.From {
				report(fmt.Sprintf("%s.steps[%d].to", name, i), "want a time not before %s, got %s", s.From, s.To)
			}
		}
	}
}

// at returns the value of the form at an offset from the start, and number i of
// its noise.
func (f *Form) at(start time.Time, off time.Duration, seed uint64, i int) float64 {
	t := start.Add(off)
	day := t.Sub(t.Truncate(24 * time.Hour))
	v := f.Base * (1 + float64(f.Daily)*math.Cos(2*math.Pi*(day-f.Peak.std()).Hours()/24))
	if w := t.Weekday(); w == time.Saturday || w == time.Sunday {
		v *= 1 + float64(f.Weekend)
	}
	v += f.Base * float64(f.Trend) * off.Hours() / 24
	v *= 1 + float64(f.Noise)*noise.At(seed, i)
	for _, s := range f.Steps {
		if off < s.From.std() || s.To != 0 && off >= s.To.std() {
			continue
		}
		if s.Set != nil {
			v = *s.Set
		} else {
			v *= *s.Factor
		}
	}
	return v
}
