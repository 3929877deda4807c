package scrape

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	promclient "github.com/prometheus/common/config"
	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/promfile"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Jobs are scrape jobs that were read and checked. They do not change.
type Jobs struct {
	configs  []*promconfig.ScrapeConfig
	from     map[string]string // file of each job, by name
	external labels.Labels     // spread the scrapes of several servers over the interval
	// Notes say, one sentence each, what of the files has no effect.
	Notes []string
}

// Len returns the number of jobs.
func (j Jobs) Len() int { return len(j.configs) }

// Read reads all jobs: those of the sections in tocsin.yml, those of
// `scrape_config_files`, and those of the files that c names, relative ones from
// the folder base. Every error has its file and line; all are returned at once.
func Read(c Config, inline promfile.Document, base string) (Jobs, error) {
	own := inline.Loaded()
	r := reader{maxBody: c.MaxBody, jobs: Jobs{from: map[string]string{}, external: own.GlobalConfig.ExternalLabels}}
	r.add(own, inline.Text, inline.File)
	if inline.Text != nil {
		r.noteGlobals(own, inline.File)
	}
	for i, pattern := range c.ConfigFiles {
		names, err := expand(pattern, base)
		if err != nil {
			r.errs = append(r.errs, fmt.Errorf("scrape.config_files[%d]: %w", i, err))
			continue
		}
		for _, name := range names {
			r.file(name)
		}
	}
	return r.jobs, errors.Join(r.errs...)
}

// expand returns the files of a path or glob. A path must be there; a glob may
// match nothing.
func expand(pattern, base string) ([]string, error) {
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(base, pattern)
	}
	if !strings.ContainsAny(pattern, "*?[") {
		if _, err := os.Stat(pattern); err != nil {
			return nil, err
		}
		return []string{pattern}, nil
	}
	return filepath.Glob(pattern)
}

// reader is the state of one Read.
type reader struct {
	maxBody yamldoc.Bytes
	jobs    Jobs
	errs    []error
}

// file adds the jobs of a Prometheus configuration file.
func (r *reader) file(name string) {
	src, err := os.ReadFile(name)
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("scrape.config_files: %w", err))
		return
	}
	c, errs := promfile.Parse(name, src)
	if len(errs) > 0 {
		r.errs = append(r.errs, errs)
		return
	}
	r.add(c, src, name)
	used := fmt.Sprintf("%s: used are global, scrape_configs and scrape_config_files", name)
	for _, key := range promfile.Unused(src) {
		used += "; not used is " + key + instead[key]
	}
	r.jobs.Notes = append(r.jobs.Notes, used)
	if !c.GlobalConfig.ExternalLabels.IsEmpty() {
		r.jobs.Notes = append(r.jobs.Notes, fmt.Sprintf("%s: global.external_labels are for senders and are not used; put them into global of the own configuration file to forward with them", name))
	}
	r.noteGlobals(c, name)
}

// instead says where what a prometheus.yml holds belongs here.
var instead = map[string]string{
	"rule_files":   " (name the files under rules.rule_files)",
	"alerting":     " (messages go to notify.channels)",
	"remote_write": " (copy it to the own configuration file to forward samples)",
	"remote_read":  " (warm_start reads the history of another server)",
	"storage":      " (see storage of the own configuration file)",
	"otlp":         " (see ingest of the own configuration file)",
}

// noteGlobals names settings of `global` that are about something else than
// scraping.
func (r *reader) noteGlobals(c *promconfig.Config, name string) {
	g, usual := c.GlobalConfig, promconfig.DefaultGlobalConfig
	for _, x := range []struct {
		set         bool
		what, where string
	}{
		{g.EvaluationInterval != usual.EvaluationInterval, "evaluation_interval", "rules.interval, and storage.query.subquery_step for subqueries without a step"},
		{g.RuleQueryOffset != usual.RuleQueryOffset, "rule_query_offset", "rules.query_offset"},
		{g.QueryLogFile != "", "query_log_file", "no setting here"},
		{g.QueryMaxSeries != 0 || g.QueryMaxSamplesRead != 0 || g.QueryMaxDuration != 0, "query_max_*", "storage.query"},
	} {
		if x.set {
			r.jobs.Notes = append(r.jobs.Notes, fmt.Sprintf("%s: global.%s has no effect; instead there is %s", name, x.what, x.where))
		}
	}
}

// add adds the jobs of a configuration and those of the files that it names.
func (r *reader) add(c *promconfig.Config, text []byte, file string) {
	r.addJobs(c.ScrapeConfigs, file)
	for _, pattern := range c.ScrapeConfigFiles { // made absolute or relative to the file already
		names, err := filepath.Glob(pattern)
		if err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s: scrape_config_files: %q: %w", file, pattern, err))
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				r.errs = append(r.errs, fmt.Errorf("%s: scrape_config_files: %w", file, err))
				continue
			}
			jobs, errs := promfile.ScrapeFile(name, src, text)
			if len(errs) > 0 {
				r.errs = append(r.errs, errs)
				continue
			}
			r.addJobs(jobs, name)
		}
	}
}

// addJobs adds jobs, whose names are unique over all files, and tries what can
// fail for each before anything is scraped.
func (r *reader) addJobs(jobs []*promconfig.ScrapeConfig, file string) {
	for _, job := range jobs {
		if first, taken := r.jobs.from[job.JobName]; taken {
			r.errs = append(r.errs, fmt.Errorf("%s: the name of job %q is taken in %s; names are unique over all files", file, job.JobName, first))
			continue
		}
		r.jobs.from[job.JobName] = file
		if _, err := promclient.NewClientFromConfig(job.HTTPClientConfig, job.JobName); err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s: job %q: %w", file, job.JobName, err))
			continue
		}
		if job.BodySizeLimit == 0 {
			setBytes(&job.BodySizeLimit, r.maxBody)
		}
		r.jobs.configs = append(r.jobs.configs, job)
	}
}

// setBytes sets a number of bytes, whose type belongs to a library of Prometheus.
func setBytes[T ~int64](to *T, n yamldoc.Bytes) { *to = T(n) }
