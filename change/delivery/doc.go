// Package delivery computes how well software is delivered: the figures of the
// DORA research programme (Forsgren, Humble, Kim: Accelerate, 2018; the rework
// rate since the report of 2024), from the feed of changes, the verdicts on them and
// the incidents that were put down to them. A change is never blamed for being the
// last before an incident.
//
// What counts, where it is not plain:
//
//   - A deployment is a change of the kind deployment that finished and succeeded
//     or was rolled back, on its finish. One that failed never served anybody: it
//     is counted apart and is neither a deployment nor a change failure.
//   - A deployment of the version that already ran is a redeployment: counted
//     apart, in no figure.
//   - Steps of a canary are one change with one id. Changes of several services with
//     the same label "release" are one deployment, finished when the last one is, and
//     failed when one is.
//   - A deployment failed when its verdict is faulty, when it was rolled back, or
//     when an incident is put down to it with a probability of one half or more; it
//     counts once however many incidents it has. An incident with several suspects
//     goes to the first of them only, and to none below one half. An incident that is put
//     down to another kind of change, or to none, is no change failure.
//   - A rollback, which is a deployment of the version before the last or one with the
//     label "revert_of", which the feed gives to the former, counts as a deployment and as rework, and has no lead time.
//     So does one with the label "hotfix", which has a lead time.
//   - The lead time is from the label "commit_time" to the finish. One that is
//     negative, by a wrong clock, is left out and counted.
//   - The recovery time is from the finish of the failed deployment until its last
//     incident was resolved, or until the rollback finished if it has none. One that has
//     not recovered is counted as open, not as zero.
//   - A canary that was withdrawn (label "withdrawn") failed; it served people from its
//     start, and recovered when it was gone.
//   - An incident that reopened lasts from its first opening to its last end.
//   - Without deployments shares are null, not zero.
//   - Days are those of the time zone given; days without deployments count.
//
// Since verdicts and causes may come later, figures of the recent past may change.
package delivery
