package alertmanager

import (
	"time"

	amcommon "github.com/prometheus/alertmanager/config/common"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/common/model"
)

// inhibitRule is one of Alertmanager's, whose matchers are its own. Which alerts
// are its sources is asked for at a time of event, not of the clock.
type inhibitRule struct {
	*inhibit.InhibitRule
	equal []model.LabelName
}

func newInhibitRule(c amcommon.InhibitRule) *inhibitRule {
	r := &inhibitRule{InhibitRule: inhibit.NewInhibitRule(c)}
	for n := range r.Equal {
		r.equal = append(r.equal, n)
	}
	return r
}

// key returns what source and target of the rule must have in common.
func (r *inhibitRule) key(lset model.LabelSet) model.Fingerprint {
	equal := make(model.LabelSet, len(r.equal))
	for _, n := range r.equal {
		equal[n] = lset[n]
	}
	return equal.Fingerprint()
}

// sources are the alerts that may inhibit others, by rule and by what source and
// target must have in common.
type sources struct {
	rules []*inhibitRule
	index []map[model.Fingerprint]map[model.Fingerprint]*entry
}

func newSources(rules []*inhibitRule) *sources {
	s := &sources{rules: rules, index: make([]map[model.Fingerprint]map[model.Fingerprint]*entry, len(rules))}
	for i := range s.index {
		s.index[i] = map[model.Fingerprint]map[model.Fingerprint]*entry{}
	}
	return s
}

func (s *sources) add(e *entry) {
	for i, r := range s.rules {
		if !r.SourceMatchers.Matches(e.alert.Labels) {
			continue
		}
		k := r.key(e.alert.Labels)
		if s.index[i][k] == nil {
			s.index[i][k] = map[model.Fingerprint]*entry{}
		}
		s.index[i][k][e.fp] = e
	}
}

func (s *sources) remove(e *entry) {
	for i, r := range s.rules {
		k := r.key(e.alert.Labels)
		delete(s.index[i][k], e.fp)
		if len(s.index[i][k]) == 0 {
			delete(s.index[i], k)
		}
	}
}

// inhibitor returns an alert that inhibits the labels at the time, and whether
// there is one. An alert that matches both sides of a rule is not inhibited by
// others of which that is true, itself among them.
func (s *sources) inhibitor(lset model.LabelSet, at time.Time) (*entry, string, bool) {
	for i, r := range s.rules {
		if !r.TargetMatchers.Matches(lset) {
			continue
		}
		both := r.SourceMatchers.Matches(lset)
		var found *entry
		for _, e := range s.index[i][r.key(lset)] {
			if e.endedAt(at) || both && r.TargetMatchers.Matches(e.alert.Labels) {
				continue
			}
			if found == nil || e.fp < found.fp { // the same at every asking
				found = e
			}
		}
		if found != nil {
			return found, r.Name, true
		}
	}
	return nil, "", false
}
