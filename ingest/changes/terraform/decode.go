// Package terraform reads the notifications of HCP Terraform and Terraform
// Enterprise about runs of a workspace, of the type generic
// (https://developer.hashicorp.com/terraform/cloud-docs/workspaces/settings/notifications).
//
// A run that applies is one change by its id. One that ends before it applies
// altered nothing, whatever its end.
package terraform

import (
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Verify reports whether the body was signed with one of the secrets, by
// X-TFE-Notification-Signature: the HMAC-SHA512 in hexadecimal.
func Verify(r hook.Request, secrets hook.Secrets) bool {
	return secrets.Any(func(s string) bool {
		return hook.Algorithm("sha512").Signed(r.Header.Get("X-TFE-Notification-Signature"), s, r.Body)
	})
}

type payload struct {
	Version       int    `json:"payload_version"`
	RunURL        string `json:"run_url"`
	RunID         string `json:"run_id"`
	RunMessage    string `json:"run_message"`
	RunCreatedBy  string `json:"run_created_by"`
	Workspace     string `json:"workspace_name"`
	Organization  string `json:"organization_name"`
	Trigger       string `json:"trigger"` // of version 2: drift, expiry and other news of a workspace
	Notifications []struct {
		Message   string `json:"message"`
		Trigger   string `json:"trigger"`
		Status    string `json:"run_status"`
		UpdatedAt string `json:"run_updated_at"`
		UpdatedBy string `json:"run_updated_by"`
	} `json:"notifications"`
}

// Decode reads one notification. The error is a *hook.MalformedError.
func Decode(r hook.Request, o hook.Naming) (hook.Outcome, error) {
	var p payload
	var out hook.Outcome
	if err := hook.Decode(r.Body, &p); err != nil {
		return out, err
	}
	if p.Version == 0 {
		return out, hook.Malformed("want the field payload_version, got none; use a notification of the type webhook")
	}
	if p.Version > 1 && len(p.Notifications) == 0 {
		out.Ignore(hook.Event, "%s is no run", hook.First(p.Trigger, "the notification"))
		return out, nil
	}
	for _, n := range p.Notifications {
		if n.Trigger == "verification" {
			out.Ignore(hook.Ping, "the notification works")
			continue
		}
		if p.RunID == "" || p.Workspace == "" {
			return out, hook.Malformed("want the fields run_id and workspace_name, got %q and %q", hook.Clip(p.RunID, 60), hook.Clip(p.Workspace, 60))
		}
		c := telemetry.Change{
			ID: hook.ID("terraform", p.RunID), Kind: telemetry.KindInfra,
			Service: o.Service(p.Organization+"/"+p.Workspace, p.Workspace), Environment: o.Env(""),
			VersionTo: p.RunID, Author: p.RunCreatedBy, Link: p.RunURL, Summary: hook.Line(p.RunMessage),
			Labels: map[string]string{"source": "terraform", "workspace": p.Workspace, "organization": p.Organization, "confirmed_by": n.UpdatedBy},
		}
		at := hook.Time(n.UpdatedAt)
		switch {
		case n.Trigger == "run:applying" || n.Status == "applying":
			c.Status, c.Started = telemetry.StatusStarted, at
			out.Add(c)
		case n.Status == "applied":
			c.Status, c.Finished = telemetry.StatusSucceeded, at
			out.Add(c)
		case n.Status == "planned_and_finished" || n.Status == "planned_and_saved" || n.Status == "discarded":
			out.Ignore(hook.NoChange, "%s: %s", p.RunID, n.Status)
		case n.Trigger == "run:errored" || n.Status == "errored" || n.Status == "canceled" || n.Status == "force_canceled":
			// Only a run that was applying left something half done.
			c.Status, c.Finished = telemetry.StatusFailed, at
			out.Follow(c)
		default: // created, planning, needs_attention, ...
			out.Ignore(hook.State, "%s: %s", p.RunID, hook.First(n.Status, n.Trigger, "nothing"))
		}
	}
	return out, nil
}
