// Package github reads the webhooks of GitHub: deployments with their states,
// runs of workflows, releases and pushes.
//
// A deployment and its states are one change, by the id of the deployment; a run
// of a workflow is one by its id and attempt. The form of the bodies is that of
// GitHub's REST API of 2022-11-28 (https://docs.github.com/webhooks/webhook-events-and-payloads).
package github
