package store

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// life hears of the series of one part of the store. A series that both parts have
// counts once: only the first part that makes it and the last one that lets it go are
// told on.
type life struct {
	g       *generation
	other   tsdb.SeriesLifecycleCallback // may be nil
	hasTwin func(ls labels.Labels) bool  // whether the other part has a series
}

// PreCreation lets the other say whether a series may be made; the limits of
// sources were asked before.
func (l life) PreCreation(ls labels.Labels) error {
	if l.other == nil {
		return nil
	}
	return l.other.PreCreation(ls)
}

// PostCreation tells which series are new to both parts.
func (l life) PostCreation(ls labels.Labels) {
	if l.hasTwin(ls) {
		l.g.twins.Add(1)
		return
	}
	if l.other != nil {
		l.other.PostCreation(ls)
	}
}

// PostDeletion tells which series have gone from both parts.
func (l life) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	l.part(gone)
	if l.other != nil {
		l.other.PostDeletion(gone)
	}
}

// part takes those out of gone that the other part still has.
func (l life) part(gone map[chunks.HeadSeriesRef]labels.Labels) {
	for ref, ls := range gone {
		if l.hasTwin(ls) {
			l.g.twins.Add(-1)
			delete(gone, ref)
		}
	}
}

// baseLife is the life of the base. Who makes series there has begun with the head, or
// replays the log while there is no head yet.
type baseLife struct {
	life
	sources *sources
	made    func() // told of each series that is made, but for those of the log
}

func newBaseLife(g *generation, s *sources, made func(), other tsdb.SeriesLifecycleCallback) baseLife {
	inHead := func(ls labels.Labels) bool { return g.head != nil && g.head.Get(ls) != 0 }
	return baseLife{life{g, other, inHead}, s, made}
}

// PostCreation: see life.
func (l baseLife) PostCreation(ls labels.Labels) {
	if l.g.head != nil {
		l.made()
	}
	l.life.PostCreation(ls)
}

// PostDeletion: see life.
func (l baseLife) PostDeletion(gone map[chunks.HeadSeriesRef]labels.Labels) {
	if len(gone) == 0 {
		return
	}
	l.g.refs.dropped(gone)
	l.sources.dropped(gone)
	if l.g.head != nil {
		l.g.head.Begin()
		l.part(gone)
		l.g.head.End()
	}
	if l.other != nil {
		l.other.PostDeletion(gone)
	}
}

func newHeadLife(g *generation, other tsdb.SeriesLifecycleCallback) life {
	return life{g, other, func(ls labels.Labels) bool { return g.baseRef(ls) != 0 }}
}
