package incident

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Reading is one report's figures, kept as the worst of an episode. Numbers are
// NaN when they are not known; Value always is. Expected, Lower and Upper are
// those of the first report of the episode that knew them: they say what was
// normal, which the band at the worst moment may have left behind already.
type Reading struct {
	At       time.Time        `json:"at"`    // event time of the report
	Value    telemetry.Number `json:"value"` // in the occurrence's Unit
	Expected telemetry.Number `json:"expected"`
	Lower    telemetry.Number `json:"lower"`
	Upper    telemetry.Number `json:"upper"`
	Score    telemetry.Number `json:"score"` // [0,1]; NaN for plain alerts
}

// readingOf returns the figures of a report that fires, and nil for one that
// does not or that has no value: neither says how bad it was.
func readingOf(o Occurrence) *Reading {
	if o.Condition != ConditionFiring || isNaN(o.Value) {
		return nil
	}
	return &Reading{At: o.At, Value: o.Value, Expected: o.Expected, Lower: o.Lower, Upper: o.Upper, Score: o.Score}
}

// worstSoFar returns the worst reading of a stored occurrence. One that was
// stored before worst readings were kept starts with its last report.
func worstSoFar(old Occurrence) *Reading {
	if old.Worst != nil {
		return old.Worst
	}
	return readingOf(old)
}

// worstOf returns the worst reading of an episode after a further report of it.
// Readings are never altered in place, so that copies may share them.
func worstOf(old, o Occurrence) *Reading {
	was, is := worstSoFar(old), o.Worst
	if is == nil {
		is = readingOf(o)
	}
	if was == nil || is == nil {
		if is == nil {
			return was
		}
		return is
	}
	if old.Signal != o.Signal || old.Unit != o.Unit {
		return is // a rule of several comparisons now tells of another one
	}
	turned := o.Source == SourceAnomaly && o.Signal != "" && turnedBack(*was, *is)
	// Only a strong report is known to have gone the bad way; any other must be
	// farther out on the side on which the episode began.
	if !(turned && o.Strong) && !worse(o, *was, *is) {
		return was
	}
	if o.Source == SourceAnomaly && !isNaN(was.Expected) {
		r := *is
		r.Expected, r.Lower, r.Upper = was.Expected, was.Lower, was.Upper
		is = &r
	}
	return is
}

// blaming gives a report about a service, whose Worst is set, the guilty metrics of
// its worst moment: those of the last one are what recovers slowest.
func blaming(old, o Occurrence) Occurrence {
	if strings.HasPrefix(o.Key, GroupKey) && o.Worst != nil && o.Worst.At.Before(o.At) && old.Query != "" {
		o.Labels, o.Query = old.Labels, old.Query
	}
	return o
}

// worse says whether a reading of the occurrence is worse than an earlier one.
func worse(o Occurrence, was, is Reading) bool {
	if o.Source == SourceAlert {
		if below(o, was) {
			return is.Value < was.Value
		}
		return is.Value > was.Value
	}
	// Scores soon say no more than "never seen", and they fall while the forecast
	// follows a value that stays bad; the distance from what was normal does not.
	if a := distance(was, was); a != 0 {
		d := distance(was, is)
		return d*a > 0 && math.Abs(d) > math.Abs(a)
	}
	return is.Score > was.Score || isNaN(was.Score) && !isNaN(is.Score)
}

// turnedBack says whether a reading is odd in the other direction than an earlier
// one of its episode, each against its own band: the band has followed the value,
// which now returns.
func turnedBack(was, is Reading) bool { return distance(was, was)*distance(is, is) < 0 }

// below says whether an alert fires on low values: those on the side of its
// threshold on which it was first seen to fire, or as its rule says.
func below(o Occurrence, first Reading) bool {
	if d := first.Value - o.Threshold; d != 0 && !isNaN(d) {
		return d < 0
	}
	return o.Below
}

// distance returns how far a reading is from what the normal one expected, in
// half widths of its band, or in its own unit when the band has no width; 0 when
// it is not known. The sign is the direction.
func distance(normal, r Reading) float64 {
	d := float64(r.Value - normal.Expected)
	if half := float64(normal.Upper-normal.Lower) / 2; half > 0 && !math.IsInf(half, 0) {
		d /= half
	}
	if math.IsNaN(d) {
		return 0
	}
	return d
}

// recoveredSummary words an anomaly that is over: how bad it was, what was
// normal, and where it came back to.
func recoveredSummary(o Occurrence) string {
	w := o
	w.Value, w.Expected, w.Lower, w.Upper = o.Worst.Value, o.Worst.Expected, o.Worst.Lower, o.Worst.Upper
	s := o.Name + " recovered: worst " + readingText(w)
	if !isNaN(o.Value) {
		s += fmt.Sprintf(", now %s", figure(o.Value, o.Unit))
	}
	return s + ", since " + clock(o.Since)
}
