package detector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Parameters are all tunable constants of the detector, by what they are about.
// They are the same for every series; an operator has no reason to set one, for
// they describe how service metrics behave and not a particular service. Each
// says what it means, its unit and where its value comes from: a paper, a bench
// (the effect of the change that brought it, see detector/TRIED.md) or common
// sense. The tag range holds what Validate accepts. Sizes of arrays, layouts of
// bits, fixed-point scales and constants of mathematics are not here.
//
// docs/detector-parameters.md is written from this type.
type Parameters struct {
	// Guard says which samples are compared with the one before, and how.
	Guard GuardParameters
	// Forecast says how fast forecasts follow, and what a single sample may teach.
	Forecast ForecastParameters
	// Scale says what an ordinary error is at least.
	Scale ScaleParameters
	// Power says how it is learned that errors grow with the level.
	Power PowerParameters
	// Tail is how the rarity of a size is learned.
	Tail TailParameters
	// Family is what series of one name teach those that are born.
	Family FamilyParameters
	// Runs says what samples in a row beyond the quantile are worth.
	Runs RunParameters
	// Charts find shifts and leaks that forecasts have followed.
	Charts ChartParameters
	// Storms find that a series has become unsteady.
	Storms StormParameters
	// Ebb finds a level that has become a small part of normal.
	Ebb EbbParameters
	// Evidence says how evidence is weighed and who can bear how much of it.
	Evidence EvidenceParameters
	// Calibration charges series that alarm more often than their tails believe.
	Calibration CalibrationParameters
	// Calendar is how day, week and hour are learned.
	Calendar CalendarParameters
	// Recurrence is the memory of what happens daily at a time of day and is short.
	Recurrence RecurrenceParameters
	// Novelty is the memory of shapes.
	Novelty NoveltyParameters
	// Glide says which samples are plainly ordinary.
	Glide GlideParameters
	// Episode says when an episode goes on and when it has become normal.
	Episode EpisodeParameters
	// Silence says when a series that sends nothing is missed.
	Silence SilenceParameters
	// Service is how the series of a service share its budget.
	Service ServiceParameters
	// Group is what the metrics of a service show together.
	Group GroupParameters
	// Outlook is the forecast for hours and days ahead.
	Outlook OutlookParameters
	// Histogram is what quantiles of histograms need.
	Histogram HistogramParameters
}

// DefaultParameters returns the parameters that the daemon uses.
func DefaultParameters() Parameters {
	return Parameters{
		Guard: defaultGuard(), Forecast: defaultForecast(), Scale: defaultScale(),
		Power: defaultPower(), Tail: defaultTail(), Family: defaultFamily(), Runs: defaultRuns(), Charts: defaultCharts(), Storms: defaultStorms(), Ebb: defaultEbb(),
		Evidence: defaultEvidence(), Calibration: defaultCalibration(),
		Calendar: defaultCalendar(), Recurrence: defaultRecurrence(), Novelty: defaultNovelty(), Glide: defaultGlide(),
		Episode: defaultEpisode(), Silence: defaultSilence(), Service: defaultService(), Group: defaultGroup(),
		Outlook: defaultOutlook(), Histogram: defaultHistogram(),
	}
}

// ParseParameters reads a JSON object of overrides, by the names of groups and
// fields ({"Tail":{"Prior":0.3}}), onto the default. A name that is not known, a
// value that does not fit and one that is out of range are errors.
func ParseParameters(r io.Reader) (Parameters, error) {
	p := DefaultParameters()
	raw, err := io.ReadAll(io.LimitReader(r, parametersMost+1))
	if err != nil {
		return Parameters{}, fmt.Errorf("reading detector parameters: %w", err)
	}
	if len(raw) > parametersMost {
		return Parameters{}, fmt.Errorf("reading detector parameters: more than %d bytes", parametersMost)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Parameters{}, fmt.Errorf("detector parameters: %w; want an object such as {\"Tail\":{\"Prior\":0.3}} with the names of docs/detector-parameters.md", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Parameters{}, fmt.Errorf("detector parameters: more follows the object at byte %d", d.InputOffset())
	}
	var wrong []string
	p.Validate(func(path, format string, args ...any) { wrong = append(wrong, path+": "+fmt.Sprintf(format, args...)) })
	if wrong != nil {
		return Parameters{}, fmt.Errorf("detector parameters: %s", strings.Join(wrong, "; "))
	}
	return p, nil
}

// parametersMost bounds a file of overrides, in bytes.
const parametersMost = 1 << 20

// Parameter is one number of Parameters.
type Parameter struct {
	Name      string // Group.Field, with [i] for one of several
	Value     float64
	Low, High float64 // range
}

// All returns every number of the parameters in the order of the type.
func (p Parameters) All() []Parameter {
	var out []Parameter
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		group := v.Field(i)
		for j := range group.NumField() {
			f := group.Type().Field(j)
			x := Parameter{Name: v.Type().Field(i).Name + "." + f.Name}
			x.Low, x.High = rangeOf(f.Tag.Get("range"))
			if f.Type.Kind() != reflect.Array {
				x.Value = numberOf(group.Field(j))
				out = append(out, x)
				continue
			}
			name := x.Name
			for k := range f.Type.Len() {
				x.Name, x.Value = fmt.Sprintf("%s[%d]", name, k), numberOf(group.Field(j).Index(k))
				out = append(out, x)
			}
		}
	}
	return out
}

// rangeOf reads the tag of a range.
func rangeOf(tag string) (low, high float64) {
	a, b, _ := strings.Cut(tag, ",")
	low, _ = strconv.ParseFloat(a, 64)
	high, _ = strconv.ParseFloat(b, 64)
	return low, high
}

// numberOf returns a number as a float64 that prints as it was written.
func numberOf(v reflect.Value) float64 {
	switch {
	case v.Kind() == reflect.Float32:
		x, _ := strconv.ParseFloat(strconv.FormatFloat(v.Float(), 'g', -1, 32), 64)
		return x
	case v.CanFloat():
		return v.Float()
	case v.CanUint():
		return float64(v.Uint())
	}
	return float64(v.Int())
}

// Validate reports every value that is out of range, by its name, and what does
// not fit together.
func (p Parameters) Validate(report func(path, format string, args ...any)) {
	for _, x := range p.All() {
		if !(x.Value >= x.Low && x.Value <= x.High) {
			report(x.Name, "want a number from %v to %v, got %v", x.Low, x.High, x.Value)
		}
	}
	first := p.Charts.Window[0]
	windows := append(append([]float32(nil), p.Charts.Window[:]...), p.Storms.Window[:]...)
	for i, w := range windows {
		if !(first >= 1) || w != float32(int(w)) || int(w)%int(first) != 0 {
			report("Charts.Window", "want whole numbers, and windows of charts and storms that are multiples of the first, got %v as number %d", w, i+1)
		}
	}
	if p.Guard.StepLeast >= p.Guard.StepMost || p.Tail.ShapeLeast >= p.Tail.ShapeMost || p.Service.StepSmallest > p.Service.StepLargest {
		report("", "want StepLeast below StepMost, ShapeLeast below ShapeMost and StepSmallest up to StepLargest")
	}
	if most := min(p.Recurrence.Most, p.Recurrence.MostWeekly); p.Recurrence.Believed > most {
		report("Recurrence", "want Believed up to Most and MostWeekly, got %d and %d", p.Recurrence.Believed, most)
	}
	if r := &p.Recurrence; !slices.IsSorted(r.Lasts[:]) || !slices.IsSorted(r.LastsWeekly[:]) {
		report("Recurrence", "want Lasts and LastsWeekly that rise, got %v and %v", r.Lasts, r.LastsWeekly)
	}
}
