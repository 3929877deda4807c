// Package notify tells people: a durable outbox and one folder per channel.
package notify
