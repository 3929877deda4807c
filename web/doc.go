// Package web is the HTTP face of the daemon: the JSON API under
// /api/v1/tocsin, the live stream of incident events, the life-cycle routes
// under /-/, and the embedded user interface. Remote write, the Prometheus
// query API and /metrics are handlers that somebody else made; web mounts them
// behind the same guards.
//
//	request -> recovery, request id, count    (middleware.go)
//	        -> host check, cross-origin check (security.go)
//	        -> ServeMux by method and path    (server.go, routes.go)
//	        -> ready?                         503 + Retry-After until the store is
//	        -> handler -> narrow interface    (sources.go), given by app
//	        -> JSON, or {"error", "code", ...} (respond.go)
//
// Live events go another way: whoever stores an incident event calls
// Broker.Wake; Broker.Run reads the new rows once and hands them to all
// subscribers. The package decides nothing about data and keeps none.
package web
