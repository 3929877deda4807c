package detector

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
)

// GroupRow is what ReplayGroup says of one row. Score and Alone mean what the
// score of a Verdict means, for the service as a whole: Alone is that of the
// oddest of its metrics by itself, Score regards what they say together too.
// Guilty lists the metrics of a group that is open, by their index in Guilt.Slot,
// from 1.
type GroupRow struct {
	Time    int64
	Score   float64
	Alone   float64
	Phase   Phase // of the group's own episode
	Opened  int   // episodes of single metrics that opened
	Alarm   bool  // an alarm of the service began
	Charged bool  // and was charged to its budget
	Guilty  []Guilt
}

// ReplayGroup judges rows of the metrics of one new service, in the order of
// time, and hands one GroupRow per row to emit. A value that is NaN is no
// sample. A configuration out of range gives no rows; check it with Validate.
func ReplayGroup(c Config, metrics []labels.Labels, times []int64, row func(i int) []float64, emit func(GroupRow)) {
	if !c.valid() {
		return
	}
	r := groupReplay{params: c.params(), all: make([]series, len(metrics))}
	r.service.begin(&r.params, c.Budget)
	for i, l := range metrics {
		flags, _ := classify(l)
		r.all[i].Flags, r.all[i].Start = flags|flagUsed, c.Start.at
		r.all[i].restart(&r.params)
	}
	for i, t := range times {
		emit(r.row(t, row(i)))
	}
}

func (r *GroupRow) alarm(o opened) {
	r.Alarm = r.Alarm || o != openedFolded
	r.Charged = r.Charged || o == openedCharged
}

type groupReplay struct {
	params  params
	own     days
	service service
	all     []series
}

func (r *groupReplay) row(t int64, values []float64) GroupRow {
	out := GroupRow{Time: t}
	alone := notRare
	share := r.service.shareAt(&r.params, t)
	for i := range r.all {
		if math.IsNaN(values[i]) {
			continue
		}
		s := &r.all[i]
		k := look{sight: sight{glance: glance{t: t, fine: 1}}, share: float64(share)}
		phase, why := s.observe(&r.params, &r.own, &k, values[i])
		if why != taken {
			continue
		}
		switch excess := k.rarity - r.service.alone(&r.params, t); phase {
		case PhaseOpened:
			out.Opened++
			out.alarm(r.service.charge(&r.params, t, uint64(i+1), excess))
		case PhaseChanged:
			r.service.grow(&r.params, s.EpisodeSince, excess)
		}
		alone = max(alone, k.rarity)
		r.service.rare(&r.params, s, uint32(i+1), t, k.groupRarity())
	}
	v, _, _ := r.service.judge(&r.params, t, true)
	if v.Phase == PhaseOpened {
		out.alarm(r.service.charge(&r.params, t, 0, 0))
	}
	owed := r.params.Service.Crowd*math.Log10(float64(max(r.service.able, 1))) - math.Log10(r.service.part(&r.params))
	out.Phase, out.Alone = v.Phase, score(owed-float64(alone))
	out.Score = max(out.Alone, v.Score)
	if v.Phase != PhaseQuiet {
		out.Guilty = r.service.group.guilty()
	}
	return out
}
