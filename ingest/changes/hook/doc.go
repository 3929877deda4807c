// Package hook holds what the decoders of change webhooks have in common: the
// request that they read, the outcome that they return, signatures, and the way
// from a provider's names to ours.
//
//	provider -> POST /api/v1/tocsin/changes/NAME -> changes.Handler (limits, secret)
//	         -> Decode of a provider's package: Request -> Outcome -> Tidy -> change.Feed
//
// A decoder is pure: it does no I/O, reads no clock and keeps nothing between
// two requests. A time that the provider does not send stays zero; the feed puts
// the time of receipt in its place.
package hook
