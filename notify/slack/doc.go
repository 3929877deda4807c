// Package slack is the channel that tells people in Slack, through
// github.com/slack-go/slack, in one of two ways.
//
// Incoming (a secret webhook address): one message for each event it is handed.
// Slack gives nothing back by which a message could be edited.
//
// Bot (a token with chat:write, and a channel): one message per incident. The
// first event posts it; its channel id and time stamp are the Thread. Every
// later event edits it, so that it always shows how the incident stands, and
// is also told as a reply in its thread; reopened and raised are shown in the
// channel too. Quiet events only edit. When somebody has deleted the message, a
// new one is posted for the next event that is told.
//
// The layout is Block Kit: the title as a header, the rest in an attachment
// whose colour shows the state, and a plain text for notifications. What comes
// from outside is escaped and cut to Slack's limits.
package slack
