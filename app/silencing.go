package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify/render"
)

// maxSilenceSets bounds the silences of one press.
const maxSilenceSets = 20

// silenceIncident silences what an incident is about from now on for a while, and
// returns until when: its service, and each of its burning alerts that has no label
// service, since routes go by the labels of alerts. Each is a silence of its own,
// because Alertmanager's API v2 cannot show one that has alternatives.
func (c *Core) silenceIncident(ctx context.Context, i incident.Incident, actor string, d time.Duration) (time.Time, error) {
	if i.State.Over() {
		return time.Time{}, errors.New("the incident is over already")
	}
	sets := silenceSets(i)
	if len(sets) == 0 {
		return time.Time{}, errors.New("the incident has neither a service nor an alert with labels to silence it by")
	}
	now := c.now()
	until := now.Add(d)
	for _, set := range sets {
		err := c.silences.Set(ctx, &silencepb.Silence{
			MatcherSets: []*silencepb.MatcherSet{set}, StartsAt: timestamppb.New(now), EndsAt: timestamppb.New(until), CreatedBy: actor,
			Comment: render.Cut(fmt.Sprintf("incident %s: %s", i.ID, render.Line(i.Title)), 300),
		})
		if err != nil {
			return time.Time{}, err
		}
	}
	return until, nil
}

func silenceSets(i incident.Incident) []*silencepb.MatcherSet {
	var out []*silencepb.MatcherSet
	add := func(labels map[string]string) {
		set := &silencepb.MatcherSet{}
		for name, value := range labels {
			if value != "" && model.UTF8Validation.IsValidLabelName(name) {
				set.Matchers = append(set.Matchers, &silencepb.Matcher{Type: silencepb.Matcher_EQUAL, Name: name, Pattern: value})
			}
		}
		slices.SortFunc(set.Matchers, func(a, b *silencepb.Matcher) int {
			return slices.Compare([]string{a.Name}, []string{b.Name})
		})
		if len(set.Matchers) > 0 && len(out) < maxSilenceSets {
			out = append(out, set)
		}
	}
	if i.Service != "" {
		add(map[string]string{"service": i.Service, "environment": i.Environment})
	}
	for _, o := range i.Occurrences {
		if o.Source == incident.SourceAlert && o.Condition != incident.ConditionCleared && (i.Service == "" || o.Labels["service"] != i.Service) {
			add(o.Labels)
		}
	}
	return out
}
