package scrape

import (
	"cmp"
	"slices"
	"time"

	promscrape "github.com/prometheus/prometheus/scrape"
)

// Summary says how the scraping goes.
type Summary struct {
	Jobs    int
	Up      int      // targets whose last scrape went well
	Down    int      // targets whose last scrape failed
	Unknown int      // targets that were not scraped yet
	Failing []Target // the targets that are down, by job and address; at most the number asked for
}

// Target is one that is down.
type Target struct {
	Job, URL string // URL as it is scraped, without credentials
	Error    string // why the last scrape failed
	Scraped  time.Time
}

// Summary counts the targets and names at most so many that are down.
func (m *Manager) Summary(most int) Summary {
	s := Summary{}
	for job, targets := range m.scrape.TargetsActive() {
		s.Jobs++
		for _, t := range targets {
			switch t.Health() {
			case promscrape.HealthGood:
				s.Up++
			case promscrape.HealthBad:
				s.Down++
				f := Target{Job: job, URL: t.URL().Redacted(), Scraped: t.LastScrape()}
				if err := t.LastError(); err != nil {
					f.Error = err.Error()
				}
				s.Failing = append(s.Failing, f)
			default:
				s.Unknown++
			}
		}
	}
	slices.SortFunc(s.Failing, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.URL, b.URL))
	})
	s.Failing = s.Failing[:min(len(s.Failing), most)]
	return s
}
