//go:build !nokubernetes

package scrape_test

import "testing"

func TestRead_KubernetesDiscovery_IsKnown(t *testing.T) {
	dir := files(t, "p.yml", "scrape_configs: [{job_name: kube, kubernetes_sd_configs: [{role: pod, api_server: \"http://127.0.0.1:1\"}]}]\n")
	if j, err := readAll(t, dir, "p.yml"); err != nil || j.Len() != 1 {
		t.Errorf("got %d jobs, %v", j.Len(), err)
	}
}
