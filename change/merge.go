package change

import (
	"fmt"
	"maps"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// PairWindow is how long after its start a finish without an id is still taken
// for the same change, and startTolerance is by how much two reports of one
// start may differ (senders write seconds or cut them off).
const (
	PairWindow      = 24 * time.Hour
	startTolerance  = time.Minute
	repeatTolerance = time.Minute
)

// complete fills the defaults of a change that is new to the feed.
func complete(c telemetry.Change, receivedAt time.Time) telemetry.Change {
	if c.Kind == "" {
		c.Kind = telemetry.KindDeployment
	}
	if c.Status == "" {
		c.Status = telemetry.StatusStarted
		if !c.Finished.IsZero() {
			c.Status = telemetry.StatusSucceeded
		}
	}
	if c.Started.IsZero() {
		c.Started = receivedAt
		if !c.Finished.IsZero() && c.Finished.Before(c.Started) {
			c.Started = c.Finished
		}
	}
	if c.Status != telemetry.StatusStarted && c.Finished.IsZero() {
		c.Finished = later(receivedAt, c.Started)
	}
	c.Received = receivedAt
	return c
}

// ended says whether a change as sent tells of an end.
func ended(c telemetry.Change) bool {
	return !c.Finished.IsZero() || (c.Status != "" && c.Status != telemetry.StatusStarted)
}

// merge returns old as it stands after a further report of the same change, and
// whether anything differs. A change that has ended keeps its end: a late start
// does not reopen it, and only "succeeded" may still become "rolled_back",
// which is what a rollback reported under the id of its deployment means. What
// makes a change this change (kind, service, environment) cannot be altered;
// that is an *InvalidError, because it is one id used for two things.
func merge(old, in telemetry.Change, receivedAt time.Time) (telemetry.Change, bool, error) {
	e := new(InvalidError)
	same := func(field, was, is string) {
		if is != "" && is != was {
			e.add(field, fmt.Sprintf("want %q as first recorded under id %q, got %q; use another id for another change", was, old.ID, is))
		}
	}
	same("kind", string(old.Kind), string(in.Kind))
	same("service", old.Service, in.Service)
	same("environment", old.Environment, in.Environment)
	if err := e.orNil(); err != nil {
		return old, false, err
	}
	out := old
	out.VersionFrom = orOld(in.VersionFrom, old.VersionFrom)
	out.VersionTo = orOld(in.VersionTo, old.VersionTo)
	out.Author = orOld(in.Author, old.Author)
	out.Link = orOld(in.Link, old.Link)
	out.Summary = orOld(in.Summary, old.Summary)
	if len(in.Labels) > 0 {
		out.Labels = maps.Clone(old.Labels)
		if out.Labels == nil {
			out.Labels = make(map[string]string, len(in.Labels))
		}
		maps.Copy(out.Labels, in.Labels)
	}
	if len(out.Labels) > maxLabels {
		e.add("labels", fmt.Sprintf("want at most %d labels over all reports of the change, got %d", maxLabels, len(out.Labels)))
	}
	if !in.Started.IsZero() {
		out.Started = in.Started
	}
	if ended(in) && out.Labels[LabelFinishedBy] == byTelemetry {
		out.Labels = maps.Clone(out.Labels)
		delete(out.Labels, LabelFinishedBy)
		out.Status, out.Finished = telemetry.StatusStarted, time.Time{}
	}
	if in.VersionTo != "" && out.Labels[LabelVersionBy] == byTelemetry {
		out.Labels = maps.Clone(out.Labels)
		delete(out.Labels, LabelVersionBy)
	}
	mergeEnd(&out, in, receivedAt)
	if !out.Finished.IsZero() && out.Finished.Before(out.Started) {
		e.add("finished", fmt.Sprintf("want a time not before started (%s), got %s", stamp(out.Started), stamp(out.Finished)))
	}
	if err := e.orNil(); err != nil {
		return old, false, err
	}
	return out, !equal(old, out), nil
}

func mergeEnd(out *telemetry.Change, in telemetry.Change, receivedAt time.Time) {
	if !ended(in) {
		return
	}
	status := in.Status
	if status == "" {
		status = telemetry.StatusSucceeded
	}
	if out.Status != telemetry.StatusStarted {
		if out.Status == telemetry.StatusSucceeded && status == telemetry.StatusRolledBack {
			out.Status = status
		}
		return
	}
	out.Status = status
	out.Finished = in.Finished
	if out.Finished.IsZero() {
		out.Finished = later(receivedAt, out.Started)
	}
}

// pairs says whether in, which carries no id, speaks of the stored change old.
// Both are of the same service, environment, kind and version_to.
func pairs(old, in telemetry.Change, receivedAt time.Time) bool {
	if in.VersionFrom != "" && old.VersionFrom != "" && in.VersionFrom != old.VersionFrom {
		return false
	}
	sameStart := !in.Started.IsZero() && in.Started.Sub(old.Started).Abs() <= startTolerance
	if !in.Started.IsZero() && !sameStart {
		return false
	}
	// Without any time of its own, only a prompt second sending is a repeat.
	prompt := receivedAt.Sub(old.Received).Abs() <= repeatTolerance
	if !ended(in) {
		return sameStart || (old.Status == telemetry.StatusStarted && prompt)
	}
	if old.Status == telemetry.StatusStarted || old.Labels[LabelFinishedBy] == byTelemetry {
		end := in.Finished
		if end.IsZero() {
			end = receivedAt
		}
		age := end.Sub(old.Started)
		return age >= -startTolerance && age <= PairWindow
	}
	status := in.Status
	if status == "" {
		status = telemetry.StatusSucceeded
	}
	if status != old.Status {
		return false
	}
	if in.Finished.IsZero() {
		return sameStart || receivedAt.Sub(old.Finished).Abs() <= repeatTolerance
	}
	return in.Finished.Equal(old.Finished)
}

func equal(a, b telemetry.Change) bool {
	return a.VersionFrom == b.VersionFrom && a.VersionTo == b.VersionTo && a.Author == b.Author &&
		a.Link == b.Link && a.Summary == b.Summary && a.Status == b.Status &&
		a.Started.Equal(b.Started) && a.Finished.Equal(b.Finished) && maps.Equal(a.Labels, b.Labels)
}

func orOld(s, old string) string {
	if s != "" {
		return s
	}
	return old
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
