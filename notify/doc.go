// Package notify tells people. What comes in is a Message: one event of an
// incident with the incident as it stood then, the ranking of causes and links,
// or a Group of alerts of an Alertmanager route. What comes out are calls of
// Channel.Send, one folder per channel below this one. It stands after incident
// and rca on the way of a sample:
//
//	app.respond -> Outbox.Enqueue -> Router.Route -> one row per channel, committed
//	a route tree -> Outbox.EnqueueGroup -----------> one row               |
//	Outbox.Escalate, nobody acknowledged ----------> one row per channel   |
//	                                                       |---------------+
//	Outbox.Run: one worker per channel  <- oldest due row of each subject
//	   -> Options.Mute: may it be told just now?
//	   -> Channel.Send (slack, webhook, console) -> sent, or due again later,
//	      or failed, in one transaction with the channel's Thread, the journal
//	      and the row by which another channel says what was not told
//
// The subject of a row is the incident or the group that it is about.
//
// Promises, each with a test:
//
//   - Enqueue has written every row when it returns, and repeating it with the
//     same key writes nothing. A kill at any moment loses no message and repeats
//     at most the one send per channel that was under way, with the same key.
//   - Within one subject and channel, events are told in order. A later event
//     waits for an earlier one until that was sent or failed for good.
//   - A slow, hanging or refusing channel delays nobody but itself. One that is
//     down is tried now and then, however much waits for it.
//   - Retry-After is honoured for the whole channel, up to RetryAfterMax.
//     Without it, tries are spaced by exponential backoff with jitter. After
//     Config.GiveUp a message is recorded as failed, counted and logged once,
//     and another channel says what was not told, to whom and why. It goes round
//     at most once.
//   - A muted message waits, and newer ones of its subject are merged into it.
//     When the mute ends, what burns is told as it stands then, and what has
//     ended is dropped. Of an end hears at once whoever heard of the beginning.
//   - What nobody acknowledges is told to further channels, step by step; the
//     state is on disk, and neither restart nor reload repeats a step.
//   - What happens to a message is journaled in the transaction that does it.
//   - The queue of a channel is bounded by Config.MaxWaiting, that of one subject
//     by a small number, the journal by Config.LogRows; what is dropped is
//     journaled and counted.
//   - Channels that show an incident as one message which follows its state
//     (Editor) also get the quiet events, at most one per Config.UpdateEvery.
//     On such a channel a waiting quiet update or change of suspects is merged
//     into any later message of the same incident, because that one shows the
//     newer state anyway. Opened, raised, reopened, resolved, acknowledged and
//     notes are merged only while they are muted or too many wait.
//   - A channel that an incident names only later (an alert joins that names
//     it) is told at that moment, as if the incident had opened for it then;
//     and whoever was told that an incident opened is told how it ended.
//
// It never decides what an incident is, and never reads the wall clock except
// through Options.Now.
package notify
