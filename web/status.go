package web

import (
	"time"

	"github.com/tocsinhq/tocsin/rules/journal"
)

// Status is what the status page shows of the daemon itself.
type Status struct {
	Version       string          `json:"version"`
	Started       time.Time       `json:"started"`
	UptimeSeconds float64         `json:"uptime_seconds"`
	ListenAddress string          `json:"listen_address"`
	ConfigFile    string          `json:"config_file"` // "" for the embedded default
	Reload        ReloadStatus    `json:"reload"`
	Store         StoreStatus     `json:"store"`
	Logs          LogStatus       `json:"logs"`
	Detector      DetectorStatus  `json:"detector"`
	Rules         RulesStatus     `json:"rules"`
	Channels      []Channel       `json:"channels"`
	Scrape        ScrapeStatus    `json:"scrape"`
	Forward       []ForwardStatus `json:"forward"` // one for each remote_write; empty without
	Drops         []Drop          `json:"drops"`   // everything counted as lost or refused, by reason
	// Warnings are sentences about what somebody should look at: data lost to damage,
	// nothing accepted at present, settings that hardly are what was meant.
	Warnings []string      `json:"warnings"`
	Runtime  RuntimeStatus `json:"runtime"`
	// Gaps are the times of the last week in which this daemon could detect nothing,
	// the newest first.
	Gaps []journal.Gap `json:"gaps"`
}

// ScrapeStatus sums up the targets that are scraped.
type ScrapeStatus struct {
	Jobs    int             `json:"jobs"`
	Up      int             `json:"up"`      // targets whose last scrape went well
	Down    int             `json:"down"`    // targets whose last scrape failed
	Unknown int             `json:"unknown"` // targets that were not scraped yet
	Failing []FailingTarget `json:"failing"` // the first of those that are down
}

// FailingTarget is a target whose last scrape failed.
type FailingTarget struct {
	Job     string    `json:"job"`
	URL     string    `json:"url"`
	Error   string    `json:"error"`
	Scraped time.Time `json:"scraped"`
}

// ForwardStatus says how the sending to one other server goes.
type ForwardStatus struct {
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	Sent    time.Time `json:"sent,omitzero"` // time of the newest sample that was sent
	Pending float64   `json:"pending"`       // samples that wait in memory
	Failed  float64   `json:"failed"`        // samples that the server refused for good
	Retried float64   `json:"retried"`       // samples that were sent again after an error
	Dropped float64   `json:"dropped"`       // samples left out by write_relabel_configs or for their age
}

// ReloadStatus says how the last load of the configuration ended.
type ReloadStatus struct {
	OK    bool      `json:"ok"`
	At    time.Time `json:"at"`
	Error string    `json:"error,omitempty"`
}

// StoreStatus sums up the time-series store.
type StoreStatus struct {
	Series           uint64    `json:"series"` // in the head
	SamplesTotal     uint64    `json:"samples_total"`
	SamplesPerSecond float64   `json:"samples_per_second"`
	Oldest           time.Time `json:"oldest,omitzero"`
	Newest           time.Time `json:"newest,omitzero"`
	RetentionSeconds float64   `json:"retention_seconds"`
	Bytes            uint64    `json:"bytes"` // on disk
}

// LogStatus sums up the log store.
type LogStatus struct {
	Records     int       `json:"records"`
	Bytes       int64     `json:"bytes"` // of sealed records, on disk
	MemoryBytes int64     `json:"memory_bytes"`
	Segments    int       `json:"segments"`
	Templates   int       `json:"templates"`
	Oldest      time.Time `json:"oldest,omitzero"`
	Newest      time.Time `json:"newest,omitzero"`
}

// DetectorStatus sums up the detector.
type DetectorStatus struct {
	Watched    int       `json:"watched"` // series with a baseline
	Warming    int       `json:"warming"` // of these, still without a band
	Open       int       `json:"open"`    // episodes under way
	Services   int       `json:"services"`
	Spent      int       `json:"spent_7d"`  // alarms charged to budgets of services in the last seven days
	Overspent  int       `json:"overspent"` // services that spent more than twice their budget
	Checkpoint time.Time `json:"checkpoint,omitzero"`
	CatchingUp bool      `json:"catching_up,omitempty"` // it reads what was stored after the checkpoint, and tells of nothing newer
	WarmStart  WarmStart `json:"warm_start"`
}

// WarmStart says how far series have been given a history from the store or a
// server.
type WarmStart struct {
	Active bool  `json:"active"` // under way
	Series int64 `json:"series"` // to be warmed; 0 when there was nothing to do
	Done   int64 `json:"done"`   // of these
	Failed int64 `json:"failed"` // of those done: their history could not be read, or not in whole
}

// RulesStatus sums up the rules.
type RulesStatus struct {
	Alerts    int       `json:"alerts"`    // alerting rules loaded
	Recording int       `json:"recording"` // recording rules loaded
	Firing    int       `json:"firing"`
	Pending   int       `json:"pending"`
	Held      int       `json:"held"`
	Stale     int       `json:"stale_source"` // held, and what sends their series is silent
	Failing   int       `json:"failing"`      // rules whose last evaluation ended in an error
	Evaluated time.Time `json:"evaluated,omitzero"`
}

// Channel is one place where messages go.
type Channel struct {
	Name    string    `json:"name"`
	Waiting int       `json:"waiting"`
	Failed  int       `json:"failed"`
	Sent    int       `json:"sent"`
	Last    time.Time `json:"last,omitzero"` // last success
	Error   string    `json:"error,omitempty"`
}

// Drop is a count of things refused or lost since the start.
type Drop struct {
	Where  string `json:"where"` // the part that counted, such as ingest
	Reason string `json:"reason"`
	Count  uint64 `json:"count"`
}

// RuntimeStatus sums up the process.
type RuntimeStatus struct {
	GoVersion     string `json:"go_version"`
	Goroutines    int    `json:"goroutines"`
	ResidentBytes uint64 `json:"resident_bytes"`
	MaxProcs      int    `json:"max_procs"`
}
