package logline

// role is what a field of a structured record says.
type role uint8

const (
	roleNone role = iota
	roleTime
	roleBody
	roleLevel
	roleNumber // severity_number of OpenTelemetry
	roleService
	roleTrace
	roleSpan
	roleParent // traceparent
	roleTemplate
	roleStatus // of an HTTP answer
	roleStream
)

// roleOf says what the field of a name is, and how much its word counts among
// others of the same role: the least wins. Nested names are joined by dots.
func roleOf(name []byte) (role, uint8) {
	if len(name) > 64 {
		return roleNone, 0
	}
	switch string(name) {
	case "@timestamp":
		return roleTime, 0
	case "timestamp", "_time", "time":
		return roleTime, 1
	case "ts", "Timestamp", "@t", "eventTime", "datetime", "date":
		return roleTime, 2
	case "message", "_msg", "MESSAGE":
		return roleBody, 0
	case "msg", "Message", "@message", "@m", "body", "Body":
		return roleBody, 1
	case "log", "text", "short_message":
		return roleBody, 2
	case "level", "severity", "log.level", "severity_text", "severityText", "SeverityText", "@level":
		return roleLevel, 0
	case "lvl", "loglevel", "log_level", "logLevel", "levelname", "level_name", "Level", "LEVEL", "Severity", "@l", "detected_level":
		return roleLevel, 1
	case "severity_number", "severityNumber", "SeverityNumber":
		return roleNumber, 0
	case "trace_id", "traceId", "traceID", "trace.id", "TraceId", "TraceID", "traceid", "otelTraceID", "otel.trace_id":
		return roleTrace, 0
	case "dd.trace_id":
		return roleTrace, 1
	case "span_id", "spanId", "spanID", "span.id", "SpanId", "SpanID", "spanid", "otelSpanID", "otel.span_id":
		return roleSpan, 0
	case "dd.span_id":
		return roleSpan, 1
	case "traceparent":
		return roleParent, 0
	case "message_template", "messageTemplate", "MessageTemplate", "@mt", "{OriginalFormat}", "sentry.message.template", "log.record.template":
		return roleTemplate, 0
	case "http.response.status_code", "http.status_code", "status_code", "http_status", "statusCode", "res.statusCode", "response.status":
		return roleStatus, 0
	}
	if rank := serviceRank(name); rank > 0 {
		return roleService, rank
	}
	if isStream(name) {
		return roleStream, 0
	}
	return roleNone, 0
}

// serviceRank says how well a label or field names the service: 1 is best, 0 is
// not at all.
func serviceRank(name []byte) uint8 {
	switch string(name) {
	case "service.name":
		return 1
	case "service_name", "serviceName":
		return 2
	case "service":
		return 3
	case "app", "application", "app_name", "appname", "app.name", "application.name", "app_kubernetes_io_name", "app.kubernetes.io/name",
		"kubernetes.labels.app", "kubernetes.labels.app_kubernetes_io/name", "kubernetes.labels.app.kubernetes.io/name":
		return 4
	case "k8s.deployment.name", "kubernetes.deployment.name", "k8s_deployment_name", "deployment", "kube_deployment",
		"k8s.statefulset.name", "k8s.daemonset.name":
		return 5
	case "container", "container_name", "container.name", "kubernetes.container_name", "kubernetes.container.name", "k8s.container.name", "k8s_container_name",
		"docker.container.name", "CONTAINER_NAME", "kube_container_name":
		return 6
	case "unit", "systemd.unit", "_SYSTEMD_UNIT", "systemd_unit":
		return 7
	case "syslog_identifier", "SYSLOG_IDENTIFIER", "syslog.appname", "job":
		return 8
	}
	return 0
}

// isStream reports whether a field is of what wrote the record and has few values.
func isStream(name []byte) bool {
	switch string(name) {
	case "host", "hostname", "host.name", "agent.hostname", "fqdn", "syslog_hostname",
		"namespace", "kubernetes.namespace_name", "kubernetes.namespace", "k8s.namespace.name", "service.namespace", "kube_namespace",
		"pod", "pod_name", "kubernetes.pod_name", "kubernetes.pod.name", "k8s.pod.name", "kubernetes.host", "kubernetes.node.name", "k8s.node.name", "node",
		"env", "environment", "deployment.environment", "deployment.environment.name", "cluster", "k8s.cluster.name", "region", "zone", "cloud.region",
		"version", "service.version", "release", "stream", "source", "sourcetype", "ddsource", "filename", "log.file.path", "instance", "tenant", "logger_name", "index":
		return true
	}
	return false
}
