package store

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// baseLife and headLife hear of the series of the two parts. A series that both have
// counts once: only the first part that makes it and the last one that lets it go are
// told on.
type baseLife struct {
	g       *generation
	sources *sources
	other   tsdb.SeriesLifecycleCallback // may be nil
}

// PreCreation lets the other say whether a series may be made; the limits of
// sources were asked before.
func (l baseLife) PreCreation(ls labels.Labels) error {
	if l.other == nil {
		return nil
	}
	return l.other.PreCreation(ls)
}

// PostCreation is called by whoever has begun with the head, or while the log is
// replayed and there is no head yet.
func (l baseLife) PostCreation(ls labels.Labels) {
	if l.g.head != nil && l.g.head.Get(ls) != 0 {
		l.g.twins.Add(1)
		return
	}
	if l.other != nil {
		l.other.PostCreation(ls)
	}
}

// PostDeletion tells which series have gone from both parts.
func (l baseLife) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	if len(gone) == 0 {
		return
	}
	l.sources.dropped(gone)
	if l.g.head != nil {
		l.g.head.Begin()
		for ref, ls := range gone {
			if l.g.head.Get(ls) != 0 {
				l.g.twins.Add(-1)
				delete(gone, ref)
			}
		}
		l.g.head.End()
	}
	if l.other != nil {
		l.other.PostDeletion(gone)
	}
}

type headLife struct {
	g     *generation
	other tsdb.SeriesLifecycleCallback // may be nil
}

// PreCreation: see baseLife.
func (l headLife) PreCreation(ls labels.Labels) error {
	if l.other == nil {
		return nil
	}
	return l.other.PreCreation(ls)
}

// PostCreation: see baseLife.
func (l headLife) PostCreation(ls labels.Labels) {
	if l.g.baseRef(ls) != 0 {
		l.g.twins.Add(1)
		return
	}
	if l.other != nil {
		l.other.PostCreation(ls)
	}
}

// PostDeletion: see baseLife.
func (l headLife) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	for ref, ls := range gone {
		if l.g.baseRef(ls) != 0 {
			l.g.twins.Add(-1)
			delete(gone, ref)
		}
	}
	if l.other != nil {
		l.other.PostDeletion(gone)
	}
}
