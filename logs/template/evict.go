package template

import (
	"cmp"
	"slices"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Memory is bounded by the number of templates, and mining never stops. A service
// that has as many as it may have takes a new one only for a line that comes a second
// time (the doorkeeper of TinyLFU: G. Einziger, R. Friedman, B. Manes, 2017,
// doi:10.1145/3149371), so that noise cannot drive out what is known; the line before
// is filed under <other>. For the new one the least recently seen go, and leave a
// tombstone by which their return is told from something new.

// doorSize is the number of forms that wait for their second line: 4 bytes each.
const doorSize = 2048

// full reports whether a template more must be paid for by others of the service.
// The last eighth of all is for services that have less than their share.
func (s *stream) full() bool {
	m := s.miner
	n, limit := int64(len(s.templates)), int64(m.cfg.MaxTemplates)
	if n >= int64(m.cfg.MaxPerService) {
		return true
	}
	live := m.live.Load()
	if live >= limit {
		return true
	}
	share := max(10, limit/int64(max(1, len(*m.services.Load()))))
	return live >= limit-limit/8 && n >= share
}

// admits reports whether a form may become a template now, and makes room for it.
func (s *stream) admits(form uint64) bool {
	if !s.full() {
		return true
	}
	if s.door == nil {
		s.door = make([]uint32, doorSize)
	}
	at, print := form%doorSize, uint32(form>>32)|1
	if s.door[at] != print {
		s.door[at] = print
		return false
	}
	s.door[at] = 0
	return s.evict()
}

// evict lets a sixteenth of the service's templates go. It reports whether there were any.
func (s *stream) evict() bool {
	all := make([]*tmpl, 0, len(s.templates))
	for _, t := range s.templates {
		if !t.other {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return false
	}
	slices.SortFunc(all, func(a, b *tmpl) int { return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.id, b.id)) })
	for _, t := range all[:(len(all)+15)/16] {
		s.retire(t)
		s.miner.ids.bury(t.id, t.last)
		s.miner.count.evicted.Add(1)
	}
	if len(s.masks) > 4*len(s.templates)+64 {
		s.remask()
	}
	return true
}

// remask forgets the places of variables that no template has any more.
func (s *stream) remask() {
	clear(s.masks)
	for _, t := range s.templates {
		if !t.mask.empty() {
			s.addMask(t.shape, t.mask)
		}
	}
}

// others returns the template for lines of a level that get none of their own.
func (s *stream) others(sev telemetry.Severity, at int64) *tmpl {
	return s.otherOf(levelIndex(sev), at)
}

func otherForm(level int) uint64 { return mix(0x6f74686572 + uint64(level)) }

func (s *stream) otherOf(level int, at int64) *tmpl {
	form := otherForm(level)
	if t := s.forms[form]; t != nil {
		return t
	}
	t := &tmpl{stream: s, id: idOf(s.seed, form), form: form, other: true, firstSeen: at, last: at}
	s.templates[t.id], s.forms[form] = t, t
	s.miner.ids.put(t)
	s.miner.live.Add(1)
	s.miner.note(t.record())
	return t
}
