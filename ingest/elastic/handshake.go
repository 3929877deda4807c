package elastic

import (
	"net/http"
	"strings"
)

// version is the release whose answers these are. Clients of 8 and 9 take it, and
// Beats want one that is not older than they are.
const version = "9.2.0"

const info = `{"name":"tocsin","cluster_name":"tocsin","cluster_uuid":"tocsin","version":{"number":"` + version +
	`","build_flavor":"default","build_type":"tar","build_hash":"unknown","build_date":"2026-01-01T00:00:00Z","build_snapshot":false,` +
	`"lucene_version":"10.3.0","minimum_wire_compatibility_version":"8.19.0","minimum_index_compatibility_version":"8.0.0"},"tagline":"You Know, for Search"}`

const license = `{"license":{"status":"active","uid":"tocsin","type":"basic","issue_date":"2026-01-01T00:00:00.000Z",` +
	`"issue_date_in_millis":1767225600000,"max_nodes":1000,"issued_to":"tocsin","issuer":"tocsin","start_date_in_millis":-1}}`

const health = `{"cluster_name":"tocsin","status":"green","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1,"active_primary_shards":1,` +
	`"active_shards":1,"relocating_shards":0,"initializing_shards":0,"unassigned_shards":0,"delayed_unassigned_shards":0,"number_of_pending_tasks":0,` +
	`"number_of_in_flight_fetch":0,"task_max_waiting_in_queue_millis":0,"active_shards_percent_as_number":100.0}`

const nodes = `{"_nodes":{"total":1,"successful":1,"failed":0},"cluster_name":"tocsin","nodes":{"tocsin":{"name":"tocsin","version":"` + version +
	`","roles":["data","ingest","master"],"http":{"publish_address":"127.0.0.1:9200"}}}}`

const xpack = `{"build":{"hash":"unknown","date":"2026-01-01T00:00:00.000Z"},"license":{"uid":"tocsin","type":"basic","mode":"basic","status":"active"},` +
	`"features":{"ilm":{"available":true,"enabled":true},"data_streams":{"available":true,"enabled":true},"security":{"available":true,"enabled":false},` +
	`"monitoring":{"available":true,"enabled":true}},"tagline":"You know, for X"}`

// handshake answers what clients ask before they send, and reports whether a path
// is one of that. Templates and policies are taken with thanks and not kept: there is
// no index whose mapping they could set.
func handshake(w http.ResponseWriter, r *http.Request, path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch r.Method {
	case http.MethodHead:
		send(w, r, http.StatusOK, "")
		return true
	case http.MethodPut, http.MethodDelete:
		if !strings.HasPrefix(first, "_") {
			return false
		}
		send(w, r, http.StatusOK, `{"acknowledged":true}`)
		return true
	case http.MethodPost:
		switch first {
		case "_ilm", "_index_template", "_template", "_component_template", "_ingest", "_data_stream", "_aliases", "_flush", "_refresh", "_license":
			send(w, r, http.StatusOK, `{"acknowledged":true}`)
			return true
		}
		if strings.HasSuffix(path, "/_refresh") || strings.HasSuffix(path, "/_flush") {
			send(w, r, http.StatusOK, `{"_shards":{"total":1,"successful":1,"failed":0}}`)
			return true
		}
		return false
	case http.MethodGet:
		send(w, r, http.StatusOK, told(first, path))
		return true
	}
	return false
}

// told is the answer to a GET.
func told(first, path string) string {
	switch first {
	case "":
		return info
	case "_license":
		return license
	case "_xpack":
		return xpack
	case "_cluster":
		if strings.HasPrefix(path, "/_cluster/health") {
			return health
		}
	case "_nodes":
		return nodes
	case "_cat":
		return "[]"
	case "_data_stream":
		return `{"data_streams":[]}`
	case "_index_template":
		return `{"index_templates":[]}`
	case "_component_template":
		return `{"component_templates":[]}`
	}
	return "{}"
}
