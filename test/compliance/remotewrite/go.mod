// The public suite of tests for receivers of remote write 2.0, which is a module of
// tests without a program. It wants an older Prometheus than ours, so it is a module
// of its own; test/e2e runs it against the built daemon. `go mod tidy` would take
// the requirement out, since nothing here imports it.
module github.com/tocsinhq/tocsin/test/compliance/remotewrite

go 1.26

require github.com/prometheus/compliance/remotewrite v0.0.0-20260223092825-818283e1171e

require gopkg.in/yaml.v2 v2.4.0 // indirect

replace github.com/prometheus/prometheus => github.com/prometheus/prometheus v0.306.0
