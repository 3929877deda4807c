package forward

import (
	"cmp"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// Queue says how the sending to one target goes, from all logs together.
type Queue struct {
	Name, URL string    // URL without a password
	Sent      time.Time // time of the newest sample that was sent; zero before the first
	Pending   float64   // samples, histograms and exemplars that wait in memory
	Failed    float64   // of these, how many the receiver has refused for good so far
	Retried   float64   // how many were sent again after an error
	Dropped   float64   // how many were not sent by write_relabel_configs or for their age
	Shards    float64   // senders at work
}

// names of the queues' metrics, with what each adds to.
var counted = map[string]func(q *Queue, v float64){
	"prometheus_remote_storage_samples_pending":          func(q *Queue, v float64) { q.Pending += v },
	"prometheus_remote_storage_histograms_pending":       func(q *Queue, v float64) { q.Pending += v },
	"prometheus_remote_storage_exemplars_pending":        func(q *Queue, v float64) { q.Pending += v },
	"prometheus_remote_storage_samples_failed_total":     func(q *Queue, v float64) { q.Failed += v },
	"prometheus_remote_storage_histograms_failed_total":  func(q *Queue, v float64) { q.Failed += v },
	"prometheus_remote_storage_exemplars_failed_total":   func(q *Queue, v float64) { q.Failed += v },
	"prometheus_remote_storage_samples_retried_total":    func(q *Queue, v float64) { q.Retried += v },
	"prometheus_remote_storage_histograms_retried_total": func(q *Queue, v float64) { q.Retried += v },
	"prometheus_remote_storage_samples_dropped_total":    func(q *Queue, v float64) { q.Dropped += v },
	"prometheus_remote_storage_histograms_dropped_total": func(q *Queue, v float64) { q.Dropped += v },
	"prometheus_remote_storage_exemplars_dropped_total":  func(q *Queue, v float64) { q.Dropped += v },
	"prometheus_remote_storage_shards":                   func(q *Queue, v float64) { q.Shards += v },
	"prometheus_remote_storage_queue_highest_sent_timestamp_seconds": func(q *Queue, v float64) {
		if v > 0 {
			if sent := time.UnixMilli(int64(math.Round(v * 1000))).UTC(); sent.After(q.Sent) {
				q.Sent = sent
			}
		}
	},
}

// gather returns the metrics of all queues.
func (f *Forwarder) gather() (all []*dto.MetricFamily) {
	for _, own := range f.own {
		families, _ := own.Gather() // what cannot be gathered is missing in /metrics too, and logged there
		all = append(all, families...)
	}
	return all
}

// Queues returns the state of every target by name, none while Run does not run.
func (f *Forwarder) Queues() []Queue {
	families := f.gather()
	byName := map[string]*Queue{}
	for _, family := range families {
		add := counted[family.GetName()]
		if add == nil {
			continue
		}
		for _, m := range family.GetMetric() {
			at := placeOf(m)
			one := Queue{Name: at.name, URL: at.url}
			key := one.Name + " " + one.URL
			q := byName[key]
			if q == nil {
				q = &one
				byName[key] = q
			}
			add(q, m.GetGauge().GetValue()+m.GetCounter().GetValue())
		}
	}
	out := make([]Queue, 0, len(byName))
	for _, q := range byName {
		out = append(out, *q)
	}
	slices.SortFunc(out, func(a, b Queue) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.URL, b.URL)) })
	return out
}

// place is the queue that a metric is of: that of a target by one log.
type place struct{ log, name, url string }

func placeOf(m *dto.Metric) (p place) {
	for _, l := range m.GetLabel() {
		switch l.GetName() {
		case "log":
			p.log = l.GetValue()
		case "remote_name":
			p.name = l.GetValue()
		case "url":
			p.url = l.GetValue()
		}
	}
	return p
}

// backlog is what the end waits for.
type backlog struct {
	read    float64 // records of the logs, by all queues
	pending float64 // samples, histograms and exemplars that wait in memory
	full    bool    // a queue holds a whole request or more, so that it may wait to read on
}

// backlog returns how far the queues are.
func (f *Forwarder) backlog() (b backlog) {
	waits, request := map[place]float64{}, map[place]float64{}
	for _, family := range f.gather() {
		for _, m := range family.GetMetric() {
			q := placeOf(m)
			switch family.GetName() {
			case "prometheus_wal_watcher_records_read_total":
				b.read += m.GetCounter().GetValue()
			case "prometheus_remote_storage_max_samples_per_send":
				request[q] = m.GetGauge().GetValue()
			case "prometheus_remote_storage_samples_pending", "prometheus_remote_storage_histograms_pending", "prometheus_remote_storage_exemplars_pending":
				waits[q] += m.GetGauge().GetValue()
			}
		}
	}
	for q, n := range waits {
		b.pending += n
		b.full = b.full || n > 0 && n >= request[q]
	}
	return b
}
