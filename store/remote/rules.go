package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// RuleFile is what a server runs of one file of rules.
type RuleFile struct {
	Name   string
	Groups rulefmt.RuleGroups
}

// answer is that of /api/v1/rules, as far as it says what the rules are.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Groups []struct {
			Name     string  `json:"name"`
			File     string  `json:"file"`
			Interval float64 `json:"interval"` // seconds
			Limit    int     `json:"limit"`
			Rules    []struct {
				Type          string            `json:"type"`
				Name          string            `json:"name"`
				Query         string            `json:"query"`
				Duration      float64           `json:"duration"`      // seconds
				KeepFiringFor float64           `json:"keepFiringFor"` // seconds
				Labels        map[string]string `json:"labels"`
				Annotations   map[string]string `json:"annotations"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"data"`
}

// Rules returns the rules that the server runs, by file and in its order. What its
// API does not tell is left out: the query offsets of groups.
func (r *Reader) Rules(ctx context.Context) ([]RuleFile, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.asker.URL("/api/v1/rules", nil).String(), nil)
	if err != nil {
		return nil, r.wrong("read rules", err)
	}
	resp, body, err := r.asker.Do(ctx, req)
	if err != nil {
		return nil, r.wrong("read rules", err)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, r.wrong("read rules", fmt.Errorf("want the JSON of Prometheus' API, got status %d: %w", resp.StatusCode, err))
	}
	if a.Status != "success" {
		return nil, r.wrong("read rules", fmt.Errorf("status %d: %s", resp.StatusCode, a.Error))
	}
	var out []RuleFile
	index := map[string]int{}
	seconds := func(s float64) model.Duration { return model.Duration(s * float64(time.Second)) }
	for _, g := range a.Data.Groups {
		i, ok := index[g.File]
		if !ok {
			i = len(out)
			index[g.File] = i
			out = append(out, RuleFile{Name: g.File})
		}
		group := rulefmt.RuleGroup{Name: g.Name, Interval: seconds(g.Interval), Limit: g.Limit}
		for _, x := range g.Rules {
			rule := rulefmt.Rule{Expr: x.Query, Labels: x.Labels, Annotations: x.Annotations}
			if x.Type == "recording" {
				rule.Record = x.Name
			} else {
				rule.Alert, rule.For, rule.KeepFiringFor = x.Name, seconds(x.Duration), seconds(x.KeepFiringFor)
			}
			group.Rules = append(group.Rules, rule)
		}
		out[i].Groups.Groups = append(out[i].Groups.Groups, group)
	}
	return out, nil
}
