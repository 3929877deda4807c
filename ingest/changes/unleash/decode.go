// Package unleash reads what the webhook integration of Unleash sends without a
// template of its own: the event as it is
// (https://docs.getunleash.io/reference/integrations/webhook). Events that alter
// what a flag answers are changes; those about names, tags and requests for a change
// are ignored.
package unleash

import (
	"encoding/json"
	"strconv"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

type event struct {
	ID          int64           `json:"id"`
	Type        string          `json:"type"`
	CreatedBy   string          `json:"createdBy"`
	CreatedAt   string          `json:"createdAt"`
	Environment string          `json:"environment"`
	Project     string          `json:"project"`
	Feature     string          `json:"featureName"`
	Data        json.RawMessage `json:"data"`
	PreData     json.RawMessage `json:"preData"`
}

// verbs are the events that alter what a flag answers.
var verbs = map[string]string{
	"feature-environment-enabled":          "enabled",
	"feature-environment-disabled":         "disabled",
	"feature-strategy-add":                 "strategy added",
	"feature-strategy-update":              "strategy altered",
	"feature-strategy-remove":              "strategy removed",
	"strategy-order-changed":               "strategies reordered",
	"feature-variants-updated":             "variants altered",
	"feature-environment-variants-updated": "variants altered",
	"feature-updated":                      "altered",
	"feature-archived":                     "archived",
	"feature-revived":                      "revived",
	"feature-deleted":                      "deleted",
	"feature-dependency-added":             "dependency added",
	"feature-dependency-removed":           "dependency removed",
	"feature-dependencies-removed":         "dependencies removed",
	"segment-updated":                      "segment altered",
	"segment-deleted":                      "segment deleted",
	"release-plan-milestone-started":       "milestone started",
}

// Decode reads one event. The error is a *hook.MalformedError.
func Decode(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var e event
	var out hook.Outcome
	if err := hook.Decode(r.Body, &e); err != nil {
		return out, err
	}
	if e.Type == "" {
		return out, hook.Malformed("want the field type of an event, got none; leave the body template of the integration empty")
	}
	verb, ok := verbs[e.Type]
	if !ok {
		out.Ignore(hook.Event, "event %s alters no answer of a flag", e.Type)
		return out, nil
	}
	var data, before struct {
		Name  string `json:"name"`
		Title string `json:"title"`
	}
	_ = json.Unmarshal(e.Data, &data)      // of many forms; a name is enough
	_ = json.Unmarshal(e.PreData, &before) // likewise
	flag := hook.First(e.Feature, data.Name, before.Name)
	if flag == "" {
		return out, hook.Malformed("event %s: want the field featureName, got none", e.Type)
	}
	project := ""
	if e.Project != "" {
		project = e.Project + "/" + flag
	}
	c := telemetry.Change{
		Kind: telemetry.KindFlag, Service: o.Service(project, flag, e.Project), Environment: o.Env(e.Environment),
		VersionTo: flag + " " + verb, Author: e.CreatedBy, Summary: flag + ": " + verb, Status: telemetry.StatusSucceeded,
		Started: hook.Time(e.CreatedAt), Finished: hook.Time(e.CreatedAt),
		Labels: map[string]string{"source": "unleash", "flag": flag, "project": e.Project, "event": e.Type},
	}
	switch verb {
	case "enabled":
		c.VersionFrom, c.VersionTo = flag+"=off", flag+"=on"
	case "disabled":
		c.VersionFrom, c.VersionTo = flag+"=on", flag+"=off"
	}
	if e.ID > 0 {
		out.Delivery = strconv.FormatInt(e.ID, 10)
		c.ID = hook.ID("unleash", out.Delivery)
	}
	out.Add(c)
	return out, nil
}
