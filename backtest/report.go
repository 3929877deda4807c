package backtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Report sums up a run.
type Report struct {
	Units     uint64            // series, or services of several metrics
	Metrics   uint64            // series, those of services of several metrics one by one
	Rows      uint64            // rows written, one for each record
	Anomalous uint64            // rows outside of the band
	Silences  uint64            // gaps that were odd for their series
	Unjudged  map[string]uint64 // rows not judged by reason
	Unread    uint64            // native histograms that a server has and could not give
	Services  uint64            // of the series of a store or a server; 0 for files
	Alarms    uint64            // of those services: openings that belong together are one
	Charged   uint64            // of the alarms, those that count against the budgets
	// Values counts single values that were not judged by reason; it differs
	// from Unjudged where a record has several.
	Values map[string]uint64
	// LeftOut counts series for which there was no room, in whole or for a time: there are
	// more than Room, which is detector.Config.MaxSeries, of which Needed would do.
	LeftOut, Room, Needed uint64
	// Trouble is about the first cell that could not be read, nil when all could.
	Trouble error
	// Ahead is about the first row whose time must be wrong, since those behind it go on
	// from before it; nil when there is none.
	Ahead error
}

func newReport(c detector.Config) Report {
	return Report{Unjudged: map[string]uint64{}, Values: map[string]uint64{}, Room: uint64(c.MaxSeries)}
}

// String returns a sentence or two for people.
func (r Report) String() string {
	if r.Units == 0 && r.Unread > 0 {
		return fmt.Sprintf("no rows: what is selected has nothing but %s, which the server could not give in this way; remote read does, and so does its data folder", telemetry.Counted(r.Unread, "native histogram", "native histograms"))
	}
	if r.Units == 0 {
		return "no series: none that is selected has a sample in this time"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d anomalous", r.judged(), telemetry.Counted(r.Rows, "row", "rows"), r.Anomalous)
	if r.Services > 0 {
		fmt.Fprintf(&b, ", %s of %s, %d of them charged to their budgets", telemetry.Counted(r.Alarms, "alarm", "alarms"), telemetry.Counted(r.Services, "service", "services"), r.Charged)
	}
	if r.Silences > 0 {
		fmt.Fprintf(&b, ", %s", telemetry.Counted(r.Silences, "odd silence", "odd silences"))
	}
	switch {
	case r.Rows == 0:
		b.WriteString("; there was nothing to judge")
	case len(r.Unjudged) == 0:
		b.WriteString("; every row was judged")
	default:
		fmt.Fprintf(&b, "; rows not judged: %s", counts(r.Unjudged))
	}
	if astray := r.Unjudged["late"] + r.Unjudged[reasonAhead]; astray > 0 && 2*astray >= r.Rows {
		b.WriteString(" (rows are judged in the order in which they stand, and half or more are not later than those before: sort the input by time, oldest first, and give each series a column or a file of its own)")
	}
	if !maps.Equal(r.Unjudged, r.Values) {
		fmt.Fprintf(&b, "; values not judged: %s", counts(r.Values))
	}
	if r.LeftOut > 0 {
		fmt.Fprintf(&b, "; %s left out, in whole or for a time, for detector.max_series is %d: set it to %d or more in the file of --config.file", telemetry.Counted(r.LeftOut, "series was", "series were"), r.Room, r.Needed)
	}
	if r.Trouble != nil {
		fmt.Fprintf(&b, "; the first that could not be read: %v", r.Trouble)
	}
	if r.Ahead != nil {
		fmt.Fprintf(&b, "; the first that is ahead: %v", r.Ahead)
	}
	if r.Unread > 0 {
		fmt.Fprintf(&b, "; %s could not be read in this way", telemetry.Counted(r.Unread, "native histogram", "native histograms"))
	}
	return b.String()
}

// judged says what the rows are of.
func (r Report) judged() string {
	switch {
	case r.Metrics == r.Units: // series, each by itself
		return fmt.Sprintf("%d series", r.Units)
	case r.Units == 1:
		return fmt.Sprintf("%d metrics of one service", r.Metrics)
	}
	return fmt.Sprintf("%d metrics of %d services", r.Metrics, r.Units)
}

func counts(m map[string]uint64) string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%d %s", m[why], strings.ReplaceAll(why, "_", " ")))
	}
	return strings.Join(parts, ", ")
}

// tally is the count of one unit.
type tally struct {
	rows, anomalous, silences uint64
	metrics, leftOut          uint64 // of a unit
	unjudged, values          map[string]uint64
	trouble, ahead            error // see Report
}

func newTally() *tally { return &tally{unjudged: map[string]uint64{}, values: map[string]uint64{}} }

func (r *Report) add(t *tally) {
	r.Rows += t.rows
	r.Anomalous += t.anomalous
	r.Silences += t.silences
	r.Metrics += t.metrics
	if r.LeftOut += t.leftOut; t.leftOut > 0 { // each unit has room of its own
		r.Needed = max(r.Needed, t.metrics)
	}
	r.Trouble, r.Ahead = cmp.Or(r.Trouble, t.trouble), cmp.Or(r.Ahead, t.ahead)
	for why, n := range t.unjudged {
		r.Unjudged[why] += n
	}
	for why, n := range t.values {
		r.Values[why] += n
	}
}
