package main

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
)

// The detector of this bench: robust z of each value against the hour before it,
// so that what is measured is the grouping.
const (
	oddZ       = 10.0 // from which a value is odd
	baseline   = 60   // minutes
	leastBase  = 5    // values below which nothing is said
	floorShare = 0.02 // of the median and of the largest value, as the least scale
)

// indicator is what a column is about.
type indicator struct {
	service, metric, signal string
	bad                     int     // +1 up, -1 down, 0 neither
	least                   float64 // scale below which nothing is worth a look, in the column's unit
	symptom                 bool    // users feel it
}

// indicate reads a column name such as "cart|PodServerLatencyP90(s)". Entry is
// the service whose calls the FRONT columns are about.
func indicate(column, entry string) indicator {
	service, metric, _ := strings.Cut(column, "|")
	in := indicator{service: service, metric: metric}
	switch service {
	case "FRONT":
		in.service, in.symptom = entry, true
	case "EDGE_source", "EDGE_destination":
		from, to, _ := strings.Cut(metric, "_")
		in.service, in.signal, in.bad, in.least, in.symptom = from, "edge_latency", 1, 0.005, true
		if service == "EDGE_destination" {
			in.service = to
		}
		return in
	}
	switch {
	case strings.Contains(metric, "ServerLatency"), strings.HasPrefix(metric, "Latency"):
		in.signal, in.bad, in.symptom = "latency", 1, true
	case strings.Contains(metric, "ClientLatency"):
		in.signal, in.bad = "client_latency", 1
	case strings.Contains(metric, "SuccessRate"):
		in.signal, in.bad, in.symptom = "availability", -1, true
	case strings.HasPrefix(metric, "CpuUsage"):
		in.signal, in.bad = "cpu", 1
	case strings.HasPrefix(metric, "MemoryUsage"):
		in.signal, in.bad = "memory", 1
	case strings.Contains(metric, "Workload"):
		in.signal = "request_rate"
	}
	switch {
	case strings.HasSuffix(metric, "(s)"):
		in.least = 0.005
	case strings.HasSuffix(metric, "(%)"):
		in.least = 2
	}
	return in
}

// entryOf returns the service that is called by none and calls most, for the
// entry of the system.
func (d *faultDay) entryOf() string {
	called, calls := map[string]bool{}, map[string]int{}
	for _, c := range d.calls {
		called[c.To] = true
		calls[c.From]++
	}
	best := ""
	for from, n := range calls {
		if !called[from] && (best == "" || n > calls[best] || n == calls[best] && from < best) {
			best = from
		}
	}
	return best
}

// robustZ returns the signed distance of the last value from the median of those
// before it, in robust standard deviations with floors; NaN when it is not known.
func robustZ(before []float64, x, least float64) float64 {
	base := make([]float64, 0, len(before))
	largest := math.Abs(x)
	for _, v := range before {
		if !math.IsNaN(v) {
			base = append(base, v)
			largest = max(largest, math.Abs(v))
		}
	}
	if len(base) < leastBase || math.IsNaN(x) {
		return math.NaN()
	}
	slices.Sort(base)
	at := func(q float64) float64 { return base[int(q*float64(len(base)-1)+0.5)] }
	m := at(0.5)
	dev := make([]float64, len(base))
	for i, v := range base {
		dev[i] = math.Abs(v - m)
	}
	slices.Sort(dev)
	scale := max((at(0.75)-at(0.25))/1.349, 1.4826*dev[len(dev)/2], floorShare*math.Abs(m), floorShare*largest, least/oddZ)
	if scale == 0 {
		return 0
	}
	return (x - m) / scale
}

// report is an occurrence that the detector tells of, at a row.
type report struct {
	row int
	incident.Occurrence
}

// reports runs the detector over a day. Episodes open where a value is odd and
// close with the first one that is not.
func (d *faultDay) reports() []report {
	entry := d.entryOf()
	var out []report
	for i, column := range d.columns {
		in := indicate(column, entry)
		var open *incident.Occurrence
		for row, v := range d.values[i] {
			z := robustZ(d.values[i][max(0, row-baseline):row], v, in.least)
			odd := math.Abs(z) >= oddZ
			if math.IsNaN(z) || !odd && open == nil {
				continue
			}
			o := in.occurrence(column, time.Unix(d.times[row], 0).UTC(), v, z)
			if open != nil {
				o.Since = open.Since
				o.Strong, o.Symptom = o.Strong || open.Strong, o.Symptom || open.Symptom
			}
			open = &o
			if !odd {
				o.Condition, open = incident.ConditionCleared, nil
			}
			out = append(out, report{row, o})
		}
	}
	slices.SortStableFunc(out, func(a, b report) int { return a.row - b.row })
	return out
}

func (in indicator) occurrence(column string, at time.Time, v, z float64) incident.Occurrence {
	unknown := telemetry.Number(math.NaN())
	o := incident.Occurrence{
		Key: incident.SeriesKey + column, Source: incident.SourceAnomaly, Name: in.metric, Signal: in.signal, Service: in.service,
		Severity: incident.SeverityInfo, Condition: incident.ConditionFiring, Since: at, At: at, Step: 60,
		Value: telemetry.Number(v), Expected: unknown, Lower: unknown, Upper: unknown, Threshold: unknown,
		// Of a heavy tail, so that ten deviations are as rare as 1 in 100,000.
		Score:  telemetry.Number(1 - math.Pow(10, -min(math.Abs(z)/2, 12))),
		Labels: map[string]string{"metric": in.metric}, Summary: in.metric,
	}
	if in.signal == "" || in.bad != 0 && z*float64(in.bad) > 0 {
		o.Strong, o.Severity, o.Symptom = true, incident.SeverityWarning, in.symptom
	}
	return o
}
