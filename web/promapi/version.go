package promapi

import (
	"encoding/json"
	"net/http"

	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// prometheus returns the build as Prometheus' API tells it.
func (b Build) prometheus() *apiv1.PrometheusVersion {
	return &apiv1.PrometheusVersion{
		Version: b.Version, Revision: b.Revision, Branch: b.Branch, BuildUser: b.User, BuildDate: b.Date, GoVersion: b.GoVersion,
	}
}

// Version serves /version as Prometheus does: what /api/v1/status/buildinfo tells,
// without the envelope.
func Version(b Build) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b.prometheus()) // strings marshal; else the caller went away
	})
}
