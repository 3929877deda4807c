// Package changes receives the webhooks of those who change services: source
// hosts, delivery controllers, flag services, infrastructure tools, and any
// other by a template.
//
//	POST /api/v1/tocsin/changes/NAME -> Handler.ServeHTTP: limits, secret, once per delivery
//	     -> the decoder of NAME (github.Decode, flux.Decode, ...) -> hook.Outcome
//	     -> Options.Record for each change (pairs start and finish) -> Answer
//	POST, PUT /api/0/organizations/... -> Handler.Sentry: the same for sentry-cli
//
// One wrong item of a request loses nothing else. What is ignored is counted by
// provider and reason, and named in the answer, where providers show it to those
// who set the webhook up.
package changes
