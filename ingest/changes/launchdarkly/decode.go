// Package launchdarkly reads the webhooks of LaunchDarkly, whose body is an entry
// of the audit log (https://launchdarkly.com/docs/api/webhooks). An entry about what
// a flag answers is one change of each environment that it names; names, tags,
// descriptions and requests for approval answer nothing and are ignored.
package launchdarkly

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Verify reports whether the body was signed with one of the secrets, by
// X-LD-Signature: the HMAC-SHA256 in hexadecimal.
func Verify(r hook.Request, secrets hook.Secrets) bool {
	return secrets.Any(func(s string) bool {
		return hook.Algorithm("sha256").Signed(r.Header.Get("X-LD-Signature"), s, r.Body)
	})
}

type entry struct {
	ID       string `json:"_id"`
	Date     int64  `json:"date"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Accesses []struct {
		Action   string `json:"action"`
		Resource string `json:"resource"`
	} `json:"accesses"`
	TitleVerb string `json:"titleVerb"`
	Comment   string `json:"comment"`
	Member    struct {
		Email string `json:"email"`
	} `json:"member"`
	Token struct {
		Name string `json:"name"`
	} `json:"token"`
	Links struct {
		Site struct {
			Href string `json:"href"`
		} `json:"site"`
	} `json:"_links"`
	Current  *flag `json:"currentVersion"`
	Previous *flag `json:"previousVersion"`
}

type flag struct {
	Key          string `json:"key"`
	Environments map[string]struct {
		On      bool  `json:"on"`
		Version int64 `json:"version"`
	} `json:"environments"`
}

// site is where links of the entries begin.
const site = "https://app.launchdarkly.com"

// silent are actions on a flag that leave what it answers as it was.
var silent = []string{
	"cloneFlag", "createFlag", "createFlagLink", "deleteFlagLink", "updateFlagLink",
	"updateName", "updateDescription", "updateTags", "updateMaintainer", "updateTemporary", "updateDeprecated",
	"updateIncludeInSnippet", "updateClientSideFlagAvailability", "updateFlagCustomProperties", "updateFlagDefaultVariations",
	"updateScheduledChanges", "updateFeatureWorkflows", "updateFlagConfigMigrationStage", "manageFlagFollowers",
}

// answers reports whether an action alters what a flag answers.
func answers(action string) bool {
	if slices.Contains(silent, action) || strings.Contains(action, "ApprovalRequest") {
		return false
	}
	for _, prefix := range []string{"update", "stop", "start", "copyFlagConfig", "deleteFlag", "applyFlag"} {
		if strings.HasPrefix(action, prefix) {
			return true
		}
	}
	return false
}

// Decode reads one entry. The error is a *hook.MalformedError.
func Decode(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var e entry
	if err := hook.Decode(r.Body, &e); err != nil {
		return hook.Outcome{}, err
	}
	out := hook.Outcome{Delivery: hook.Clip(e.ID, 100)}
	switch {
	case e.ID == "" || e.Kind == "":
		return out, hook.Malformed("want the fields _id and kind of an audit log entry, got %q and %q", hook.Clip(e.ID, 60), hook.Clip(e.Kind, 60))
	case e.Kind != "flag":
		out.Ignore(hook.Event, "an entry of the kind %s", e.Kind)
		return out, nil
	}
	type place struct{ project, environment, flag string }
	var order []place
	actions := map[place][]string{}
	for _, a := range e.Accesses {
		p := place{}
		for part := range strings.SplitSeq(a.Resource, ":") {
			kind, name, _ := strings.Cut(part, "/")
			name, _, _ = strings.Cut(name, ";") // tags and properties
			switch kind {
			case "proj":
				p.project = name
			case "env":
				p.environment = name
			case "flag":
				p.flag = name
			}
		}
		if !answers(a.Action) || p.flag == "" {
			out.Ignore(hook.NoChange, "%s of %s", hook.First(a.Action, "nothing"), hook.First(p.flag, e.Name))
			continue
		}
		if p.environment == "*" {
			p.environment = "" // of the flag as a whole
		}
		if actions[p] == nil {
			order = append(order, p)
		}
		actions[p] = append(actions[p], a.Action)
	}
	for _, p := range order {
		c := telemetry.Change{
			ID:   hook.ID("launchdarkly", e.ID, p.environment),
			Kind: telemetry.KindFlag, Service: o.Service(p.project+"/"+p.flag, p.flag, p.project), Environment: o.Env(p.environment),
			VersionFrom: state(p.flag, e.Previous, p.environment), VersionTo: state(p.flag, e.Current, p.environment),
			Started: hook.Millis(e.Date), Finished: hook.Millis(e.Date), Status: telemetry.StatusSucceeded,
			Author:  hook.First(e.Member.Email, e.Token.Name),
			Summary: strings.TrimSpace(e.TitleVerb+" "+hook.First(e.Name, p.flag)) + comment(e.Comment),
			Labels:  map[string]string{"source": "launchdarkly", "flag": p.flag, "project": p.project, "actions": strings.Join(slices.Compact(actions[p]), " ")},
		}
		if c.VersionTo == "" {
			c.VersionTo = p.flag
		}
		if href := e.Links.Site.Href; strings.HasPrefix(href, "/") {
			c.Link = site + href
		}
		out.Add(c)
	}
	return out, nil
}

// state words what a flag was in an environment, such as "new-checkout=on v12".
func state(name string, f *flag, environment string) string {
	if f == nil {
		return ""
	}
	x, ok := f.Environments[environment]
	if !ok {
		return ""
	}
	s := name + "=off"
	if x.On {
		s = name + "=on"
	}
	if x.Version > 0 {
		s += " v" + strconv.FormatInt(x.Version, 10)
	}
	return s
}

func comment(text string) string {
	if line := hook.Line(text); line != "" {
		return ": " + line
	}
	return ""
}
