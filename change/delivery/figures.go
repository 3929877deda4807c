package delivery

import (
	"slices"
	"time"
)

// figures sums up deployments of a service, or of all if it is empty.
func (c *counting) figures(service string, list []deployment) Figures {
	f := Figures{Service: service, Deployments: len(list)}
	if service == "" {
		f.Failed, f.Redeployments = sum(c.failed), sum(c.again)
	} else {
		f.Failed, f.Redeployments = c.failed[service], c.again[service]
	}
	var leads, recoveries []time.Duration
	days := map[string]bool{}
	for _, d := range list {
		days[d.finished.In(c.in.Zone).Format(time.DateOnly)] = true
		if lead, known := f.lead(d); known {
			leads = append(leads, lead)
		}
		if d.rework {
			f.Rework++
		}
		if took, failed, over := c.failure(d); failed {
			f.Failures++
			if over {
				recoveries = append(recoveries, took)
			} else {
				f.Unrecovered++
			}
		}
	}
	if n := calendarDays(c.in.From, c.in.To, c.in.Zone); n > 0 {
		f.PerDay, f.DaysWith = float64(len(list))/float64(n), float64(len(days))/float64(n)
	}
	if n := float64(len(list)); n > 0 {
		failures, rework := float64(f.Failures)/n, float64(f.Rework)/n
		f.ChangeFailureRate, f.ReworkRate = &failures, &rework
	}
	f.LeadTime, f.Recovery = durations(leads), durations(recoveries)
	c.incidents(&f)
	f.Tier = tier(f)
	return f
}

// lead returns the lead time of a deployment that has one.
func (f *Figures) lead(d deployment) (time.Duration, bool) {
	if d.rollback {
		return 0, false
	}
	if d.commit == "" {
		f.NoLeadTime++
		return 0, false
	}
	at, err := time.Parse(time.RFC3339, d.commit)
	lead := d.finished.Sub(at)
	if err != nil || lead < 0 {
		f.BadLeadTime++
		return 0, false
	}
	return lead, true
}

// failure says whether a deployment failed, whether that is over, and how long it took.
func (c *counting) failure(d deployment) (took time.Duration, failed, over bool) {
	end, n := time.Time{}, 0
	for _, id := range d.ids {
		for _, i := range c.byChange[id] {
			n++
			if i.Resolved.IsZero() {
				return 0, true, false
			}
			if i.Resolved.After(end) {
				end = i.Resolved
			}
		}
	}
	if n == 0 {
		if !d.faulty {
			return 0, false, false
		}
		end = d.undone
	}
	if end.IsZero() {
		return 0, true, false
	}
	return max(0, end.Sub(d.finished)), true, true
}

func (c *counting) incidents(f *Figures) {
	var acks, ends []time.Duration
	for _, i := range c.in.Incidents {
		if !c.within(i.Opened) || f.Service != "" && i.Service != f.Service {
			continue
		}
		f.Incidents++
		if i.Change == "" || i.Probability < attributed {
			f.Unattributed++
		}
		if !i.Acked.IsZero() {
			acks = append(acks, i.Acked.Sub(i.Opened))
		}
		if i.Resolved.IsZero() {
			f.OpenIncidents++
		} else {
			ends = append(ends, i.Resolved.Sub(i.Opened))
		}
	}
	f.Acknowledge, f.Resolve = durations(acks), durations(ends)
}

// calendarDays returns how many days of the zone lie at least in part within the times.
func calendarDays(from, to time.Time, zone *time.Location) int {
	if !to.After(from) {
		return 0
	}
	last := to.Add(-1).In(zone).Format(time.DateOnly)
	n := 0
	for day := from.In(zone); ; day = time.Date(day.Year(), day.Month(), day.Day()+1, 12, 0, 0, 0, zone) {
		n++
		if day.Format(time.DateOnly) >= last {
			return n
		}
	}
}

func durations(list []time.Duration) Durations {
	out := Durations{Count: len(list)}
	if len(list) == 0 {
		return out
	}
	slices.Sort(list)
	at := func(q float64) *float64 {
		where := q * float64(len(list)-1)
		i := int(where)
		j := min(i+1, len(list)-1)
		v := list[i].Seconds() + (where-float64(i))*(list[j]-list[i]).Seconds()
		return &v
	}
	out.P50, out.P80 = at(0.5), at(0.8)
	return out
}

func sum(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// Tiers as the research programme's report of 2023 cuts them.
var tiers = []struct {
	name           string
	perDay         float64
	lead, recovery time.Duration
	failures       float64
}{
	{"elite", 1, 24 * time.Hour, time.Hour, 0.05},
	{"high", 1.0 / 7, 7 * 24 * time.Hour, 24 * time.Hour, 0.10},
	{"medium", 1.0 / 30, 30 * 24 * time.Hour, 7 * 24 * time.Hour, 0.15},
}

// tier returns the best tier all of whose bounds the figures keep. Without failures
// there is no recovery to be judged.
func tier(f Figures) string {
	if f.ChangeFailureRate == nil || f.LeadTime.P50 == nil || f.Failures > 0 && f.Recovery.P50 == nil {
		return ""
	}
	for _, t := range tiers {
		if f.PerDay >= t.perDay && *f.LeadTime.P50 <= t.lead.Seconds() && *f.ChangeFailureRate <= t.failures &&
			(f.Recovery.P50 == nil || *f.Recovery.P50 <= t.recovery.Seconds()) {
			return t.name
		}
	}
	return "low"
}
