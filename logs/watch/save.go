package watch

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/tocsinhq/tocsin/telemetry"
)

// What is kept over a restart, as JSON: baselines, not the counts of open minutes.
type saved struct {
	Version  int            `json:"version"`
	Services []savedService `json:"services"`
}

type savedService struct {
	Name     string             `json:"name"`
	Since    int64              `json:"since"`
	Open     int64              `json:"open"`
	Fresh    float64            `json:"fresh"`
	Usual    map[uint64]float64 `json:"usual,omitempty"`
	Spans    int                `json:"spans"`
	Mean     float64            `json:"mean"`
	Variance float64            `json:"variance"`
	Events   []Fresh            `json:"events,omitempty"`
	Episode  *savedEpisode      `json:"episode,omitempty"`
	Patterns []savedPattern     `json:"patterns"`
}

type savedEpisode struct {
	Since       int64           `json:"since"`
	Last        int64           `json:"last"`
	Dropped     int             `json:"dropped,omitempty"`
	Environment string          `json:"environment,omitempty"`
	Parts       map[string]Part `json:"parts"`
}

type savedPattern struct {
	ID          uint64  `json:"id"`
	Level       uint8   `json:"level"`
	Minutes     uint32  `json:"minutes"`
	Mean        float64 `json:"mean"`
	Variance    float64 `json:"variance"`
	Zeros       uint32  `json:"zeros,omitempty"`
	Run         uint32  `json:"run,omitempty"`
	Longest     uint32  `json:"longest,omitempty"`
	Loud        uint32  `json:"loud,omitempty"`
	Odd         uint8   `json:"odd,omitempty"`
	Seen        int64   `json:"seen"`
	Shown       bool    `json:"shown,omitempty"`
	Told        int64   `json:"told,omitempty"`
	ToldAs      Kind    `json:"told_as,omitempty"`
	Environment string  `json:"environment,omitempty"`
}

const saveVersion = 1

// Save writes what was learnt.
func (w *Watcher) Save(out io.Writer) error {
	x := saved{Version: saveVersion}
	for _, s := range w.all() {
		s.mu.Lock()
		y := savedService{
			Name: s.name, Since: s.since, Open: s.open, Fresh: s.fresh, Usual: map[uint64]float64{},
			Spans: s.mix.spans, Mean: s.mix.mean, Variance: s.mix.variance, Events: append([]Fresh(nil), s.events...),
		}
		for id, n := range s.mix.usual {
			y.Usual[id] = n
		}
		if e := &s.episode; e.parts != nil {
			y.Episode = &savedEpisode{Since: e.since, Last: e.last, Dropped: e.dropped, Environment: e.environment, Parts: map[string]Part{}}
			for k, p := range e.parts {
				y.Episode.Parts[k] = p
			}
		}
		for _, p := range s.sorted() {
			y.Patterns = append(y.Patterns, savedPattern{
				p.id, uint8(p.level), p.minutes, p.mean, p.variance, p.zeros, p.run, p.longest, p.loud, p.odd, p.seen, p.shown, p.told, p.toldAs,
				s.named(p.usual),
			})
		}
		s.mu.Unlock()
		x.Services = append(x.Services, y)
	}
	if err := json.NewEncoder(out).Encode(x); err != nil {
		return fmt.Errorf("saving what is normal of log lines: %w", err)
	}
	return nil
}

// Load takes back what Save wrote, into a watcher that has seen nothing. The time
// between is a gap: its minutes count as judged, not as silent.
func (w *Watcher) Load(in io.Reader, now int64) error {
	var x saved
	if err := json.NewDecoder(in).Decode(&x); err != nil {
		return fmt.Errorf("reading what is normal of log lines: %w", err)
	}
	if x.Version != saveVersion {
		return fmt.Errorf("reading what is normal of log lines: version %d, want %d", x.Version, saveVersion)
	}
	minute := now / 60e9
	for _, y := range x.Services {
		s := w.service(y.Name)
		if s == nil {
			break
		}
		s.mu.Lock()
		s.since, s.open, s.fresh, s.events = y.Since, max(y.Open, minute), y.Fresh, y.Events
		s.mix = mix{now: map[uint64]float64{}, usual: y.Usual, spans: y.Spans, mean: y.Mean, variance: y.Variance}
		if s.mix.usual == nil {
			s.mix.usual = map[uint64]float64{}
		}
		if e := y.Episode; e != nil && e.Parts != nil {
			s.episode = episode{since: e.Since, last: e.Last, dropped: e.Dropped, parts: e.Parts, environment: e.Environment}
		}
		for _, p := range y.Patterns {
			s.patterns[p.ID] = &pattern{
				id: p.ID, level: telemetry.Severity(p.Level), minutes: p.Minutes, mean: p.Mean, variance: p.Variance, zeros: p.Zeros,
				run: p.Run, longest: p.Longest, loud: p.Loud, odd: p.Odd, seen: p.Seen, shown: p.Shown, told: p.Told, toldAs: p.ToldAs,
				usual: s.place([]byte(p.Environment)),
			}
			if p.Shown {
				s.shown++
			}
		}
		s.mu.Unlock()
	}
	return nil
}
