//go:build !nokubernetes

package scrape

// Discovery by Kubernetes stands apart because its client is a third of the whole
// program; who never asks a cluster can build with -tags nokubernetes.
import _ "github.com/prometheus/prometheus/discovery/kubernetes"
