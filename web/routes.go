package web

import (
	"net/http"
	"slices"
)

// route is one method on one path. Params are the query parameters it knows;
// the OpenAPI document must list the same.
type route struct {
	method, path string
	params       []string
	data         bool // needs the store: 503 until ready
	handler      http.Handler
}

// result is what an API function returns when it went well.
type result struct {
	status int
	body   any
}

func ok(body any) (result, error) { return result{http.StatusOK, body}, nil }

// apiFunc answers a request whose query parameters were already checked for
// unknown names; it must ask q.err before it acts.
type apiFunc func(w http.ResponseWriter, r *http.Request, q *params) (result, error)

// routes is the table of everything with a fixed path. The Prometheus API and
// the pages are mounted below it as prefixes.
func (s *server) routes() []route {
	const api = "/api/v1/tocsin"
	call := func(method, path string, f apiFunc, known ...string) route {
		return route{method: method, path: api + path, params: known, data: true, handler: s.api(f, known)}
	}
	return append(slices.Concat(s.logRoutes(api, call), s.reportRoutes(api, call), s.learningRoutes(call)), []route{
		call("GET", "/incidents", s.listIncidents, "state", "service", "limit"),
		call("GET", "/incidents/{id}", s.getIncident),
		call("POST", "/incidents/{id}/ack", s.actOn(s.opts.Incidents.Ack)),
		call("POST", "/incidents/{id}/resolve", s.actOn(s.opts.Incidents.Resolve)),
		call("POST", "/incidents/{id}/mitigate", s.actOn(s.opts.Lives.Mitigate)),
		call("POST", "/incidents/{id}/close", s.actOn(s.opts.Lives.Close)),
		call("POST", "/incidents/{id}/false-positive", s.actOn(s.opts.Lives.FalsePositive)),
		call("POST", "/incidents/{id}/merge", s.shape("with", s.opts.Shapes.Merge)),
		call("POST", "/incidents/{id}/split", s.shape("key", s.opts.Shapes.Split)),
		call("GET", "/anomalies", s.listAnomalies, "service", "since", "limit"),
		call("GET", "/alerts", s.listAlerts),
		call("GET", "/alerts/log", s.alertLog, "alert", "service", "shadow", "from", "to", "limit"),
		call("GET", "/changes", s.listChanges, "service", "kind", "from", "to", "limit"),
		call("POST", "/changes", s.recordChange),
		{method: "POST", path: api + "/changes/{provider}", data: true, handler: s.opts.ChangeHooks},
		call("GET", "/changes/{id}/verdict", s.changeVerdict),
		call("GET", "/stages", s.stages, "service", "from", "limit"),
		call("GET", "/delivery", s.delivery, "from", "to", "zone", "service", "environment"),
		call("GET", "/band", s.band, "query", "start", "end", "step"),
		call("GET", "/explain", s.explain, "query", "time"),
		call("GET", "/maintenance", s.listMaintenance),
		call("GET", "/budget", s.listBudgets, "service", "limit"),
		call("GET", "/slos", s.listSLOs, "service", "limit"),
		call("GET", "/forecast", s.forecast, "match", "horizon", "coverage", "threshold", "direction", "limit"),
		call("GET", "/capacity", s.capacity, "service", "horizon", "full", "limit"),
		call("GET", "/cardinality", s.cardinality, "by", "limit"),
		call("GET", "/topology", s.topology, "service", "limit"),
		call("GET", "/warm", s.listImports),
		call("POST", "/warm", s.learnImports),
		call("GET", "/notify/log", s.notifyLog, "incident", "channel", "what", "since", "order", "cursor", "limit"),
		call("GET", "/status", s.status),
		{method: "GET", path: api + "/events", params: []string{"last_event_id"}, data: true, handler: http.HandlerFunc(s.stream)},
		{method: "GET", path: api + "/openapi.json", handler: http.HandlerFunc(s.openAPI)},

		{method: "GET", path: api + "/charts/{name}", data: true, handler: s.opts.Charts},
		{method: "POST", path: api + "/slack/actions", data: true, handler: s.opts.SlackActions},

		{method: "POST", path: writePath, data: true, handler: s.opts.Write},
		{method: "POST", path: "/v1/metrics", data: true, handler: s.opts.OTLP},
		{method: "POST", path: "/api/v1/otlp/v1/metrics", data: true, handler: s.opts.OTLP},
		{method: "POST", path: "/v1/traces", data: true, handler: s.opts.Traces},
		{method: "POST", path: "/api/v1/otlp/v1/traces", data: true, handler: s.opts.Traces},
		{method: "POST", path: "/v1/logs", data: true, handler: s.opts.Logs},
		{method: "POST", path: "/api/v1/otlp/v1/logs", data: true, handler: s.opts.Logs},
		{method: "POST", path: api + "/logs", params: []string{"service", "host", "time_field", "message_field", "stream_fields"}, data: true, handler: s.opts.Logs},
		{method: "PUT", path: "/metrics/{group...}", data: true, handler: s.opts.Push},
		{method: "POST", path: "/metrics/{group...}", data: true, handler: s.opts.Push},
		{method: "DELETE", path: "/metrics/{group...}", data: true, handler: s.opts.Push},
		{method: "GET", path: "/metrics", handler: s.opts.Metrics},
		{method: "GET", path: "/-/healthy", handler: http.HandlerFunc(s.healthy)},
		{method: "GET", path: "/-/ready", handler: http.HandlerFunc(s.ready)},
		{method: "POST", path: "/-/reload", handler: http.HandlerFunc(s.reload)},
		{method: "PUT", path: "/-/reload", handler: http.HandlerFunc(s.reload)},
	}...)
}

// api wraps an API function into a handler.
func (s *server) api(f apiFunc, known []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := f(w, r, readParams(r, known))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, res.status, res.body)
	})
}
