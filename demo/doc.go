// Package demo plays the world around the daemon for "tocsin demo": a small
// shop of six services whose metrics follow a day of customers, a deployment
// that breaks one of them, and a Slack workspace that prints what it is sent.
//
// What goes in is a seed and a time; what comes out is what real senders would
// send: remote write requests of the series that Prometheus client libraries
// expose, and change events. The same seed and times give the same bytes.
//
//	Shop.Sample(t) -> Block -> Sender.Write   POST /api/v1/write
//	Shop.Break / Rollback -> Sender.Record    POST /api/v1/tocsin/changes
//	SlackStub  <- the daemon's Slack channel
//	Play       the script: history, a healthy while, the break, the rollback
//
// The package decides nothing about detection: it never says what the daemon
// should see, and it speaks to it over HTTP alone.
package demo
