// Package remote reads history from a server that speaks Prometheus' HTTP API:
// Prometheus itself, Thanos, Mimir, VictoriaMetrics.
//
// In go selectors and times; out come series and their samples, oldest first. A
// Reader asks by the best way that the server knows, and keeps to it:
//
//  1. remote read with streamed chunks (/api/v1/read): the samples as they are;
//  2. an instant query for a range, as in up[1d] (/api/v1/query): the same, as
//     JSON;
//  3. /api/v1/query_range with a fixed step, at most 11,000 points at a time: not
//     the samples but the newest one before each step.
//
// Each request has a time-out and each answer a size beyond which it is refused.
// Errors name the server without user and password. Nothing is ever written.
package remote
