// Package alertmanager routes alerts as an Alertmanager configuration says: to
// groups, and from groups to receivers. It stands beside the way of incidents:
//
//	alerts of our rules, alerts sent to the API v2 -> Router.Put
//	    -> route tree -> groups, each with a time at which it is due
//	Router.Tick: groups that are due -> inhibition, silences, maintenance, time intervals
//	    -> what each integration of the receiver has to be told
//	    -> a notify.Message with its Group in the outbox -> Channel.Send
//	    -> Alertmanager's own integration, with its templates
//
// Configuration, route tree, time intervals, templates and integrations are
// Alertmanager's own packages. The groups are not, because Alertmanager's
// dispatcher keeps its timers and the alerts in memory: a restart or a reload
// forgets alerts, sends parts of groups and sends again what was sent. Here:
//
//   - Everything is decided on event time; only Run looks at the clock.
//   - What was decided is written in one transaction with the messages that
//     follow from it. A kill at any moment loses none and makes none twice: the
//     key of a message names the group, the channel and a number that only grows.
//   - A reload keeps each group whose route is still there. Where alerts change
//     their group, what a channel was told of them goes along.
//   - An end is never muted: who was told that something burns is told that it
//     stopped.
//   - What burns on when a silence or a maintenance window ends is told again.
//
// docs/alertmanager.md lists every difference from Alertmanager.
package alertmanager
