package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// environment is where the shop runs, as its delivery pipeline names it.
const environment = "production"

// restart is a process restart that is due at a time.
type restart struct {
	service string
	at      time.Time
}

// Earlier plans what the shop's people did in the last hour and a half before
// end, none of which does any harm, and returns it oldest first: a deployment
// of catalog, a flag on web and a configuration of search. Call it before the
// samples around those times are taken: the deployment restarts catalog.
func (s *Shop) Earlier(end time.Time) []telemetry.Change {
	deploy, flag, tune := end.Add(-90*time.Minute), end.Add(-50*time.Minute), end.Add(-25*time.Minute)
	catalog := s.deployment(s.service("catalog"), "v131", deploy)
	catalog.Status, catalog.Finished = telemetry.StatusSucceeded, deploy.Add(40*time.Second)
	catalog.Summary = "Show delivery times on the product page."
	return []telemetry.Change{
		catalog,
		{
			ID: fmt.Sprintf("flag-web-short-checkout-%d", flag.Unix()), Kind: telemetry.KindFlag, Service: "web",
			Environment: environment, Started: flag.UTC(), Finished: flag.UTC(), Status: telemetry.StatusSucceeded,
			VersionFrom: "5%", VersionTo: "20%", Author: "web-team", Link: "https://flags.shop.example/short-checkout",
			Summary: "Flag short-checkout from 5% to 20% of customers.",
			Labels:  map[string]string{"flag": "short-checkout"},
		},
		{
			ID: fmt.Sprintf("config-search-cache-%d", tune.Unix()), Kind: telemetry.KindConfig, Service: "search",
			Environment: environment, Started: tune.UTC(), Finished: tune.UTC(), Status: telemetry.StatusSucceeded,
			Author: "search-team", Link: "https://git.shop.example/search/config",
			Summary: "Keep results in the cache for 5m instead of 1m.",
			Labels:  map[string]string{"key": "cache.ttl"},
		},
	}
}

// Break deploys the next version of a service at the given time; it fails a
// large share of requests and slows the rest from then on. It returns the
// change as its pipeline would report it when it starts. A service that is
// unknown or broken already is an error.
func (s *Shop) Break(service string, at time.Time) (telemetry.Change, error) {
	r, err := s.known(service)
	if err != nil {
		return telemetry.Change{}, err
	}
	if !r.brokenAt.IsZero() && r.healedAt.IsZero() {
		return telemetry.Change{}, fmt.Errorf("demo shop: break %q: it is broken already since %s", service, r.brokenAt.Format(time.RFC3339))
	}
	r.brokenAt, r.healedAt = at, time.Time{}
	c := s.deployment(r, nextVersion(r.version), at)
	c.Summary = "Ask the card network in parallel."
	return c, nil
}

// Rollback deploys the version before the bad one at the given time; the
// service is well from then on. It returns the change as its pipeline would
// report it when it starts. A service that is not broken is an error.
func (s *Shop) Rollback(service string, at time.Time) (telemetry.Change, error) {
	r, err := s.known(service)
	if err != nil {
		return telemetry.Change{}, err
	}
	if r.brokenAt.IsZero() || !r.healedAt.IsZero() {
		return telemetry.Change{}, fmt.Errorf("demo shop: roll back %q: it is not broken", service)
	}
	r.healedAt = at
	c := s.deployment(r, previousVersion(r.version), at)
	c.Summary = "Roll back to " + c.VersionTo + "."
	c.Labels = map[string]string{"rollback": "true"}
	return c, nil
}

// known returns the service of that name, or an error with the names there are.
func (s *Shop) known(name string) (*running, error) {
	if r := s.service(name); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("demo shop: %q: no such service; want one of %s", name, strings.Join(s.Services(), ", "))
}

// deployment plans a restart of the service with another version.
func (s *Shop) deployment(r *running, version string, at time.Time) telemetry.Change {
	c := telemetry.Change{
		ID:          fmt.Sprintf("deploy-%s-%s-%d", r.of.name, version, at.Unix()),
		Kind:        telemetry.KindDeployment,
		Service:     r.of.name,
		Environment: environment,
		VersionFrom: r.version,
		VersionTo:   version,
		Started:     at.UTC(),
		Status:      telemetry.StatusStarted,
		Author:      "pipeline",
		Link:        fmt.Sprintf("https://ci.shop.example/%s/%s", r.of.name, version),
	}
	r.version = version
	s.restarts = append(s.restarts, restart{service: r.of.name, at: at})
	return c
}

// Finish returns the change as its pipeline reports it when it is done.
func Finish(c telemetry.Change, at time.Time) telemetry.Change {
	c.Status, c.Finished = telemetry.StatusSucceeded, at.UTC()
	return c
}

// applyRestarts starts the processes anew that were due by t.
func (s *Shop) applyRestarts(t time.Time) {
	kept := s.restarts[:0]
	for _, d := range s.restarts {
		if !t.After(d.at) {
			kept = append(kept, d)
			continue
		}
		for _, in := range s.service(d.service).instances {
			in.restart(s, d.at)
		}
	}
	s.restarts = kept
}

// nextVersion counts a version such as "v41" up by one.
func nextVersion(v string) string { return shiftVersion(v, 1) }

// previousVersion counts it down by one.
func previousVersion(v string) string { return shiftVersion(v, -1) }

func shiftVersion(v string, by int) string {
	n, err := strconv.Atoi(strings.TrimPrefix(v, "v"))
	if err != nil {
		return v + "-next"
	}
	return fmt.Sprintf("v%d", n+by)
}
