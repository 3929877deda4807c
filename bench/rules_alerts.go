package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// alertsConfig routes everything to a receiver that tells nobody, in groups that
// wait: what is measured is the taking in.
const alertsConfig = `route: {receiver: nobody, group_by: [alertname, job], group_wait: 10m, group_interval: 10m, repeat_interval: 4h}
receivers: [{name: nobody}]
`

// intake measures how many alerts per second we and Alertmanager take in by API
// v2: the same alerts, told anew again and again as Prometheus tells them.
func (p rulesPlan) intake(found figures) error {
	tocsin := filepath.Join(p.dir, "tocsin")
	if text, err := exec.Command("go", "build", "-o", tocsin, "./cmd/tocsin").CombinedOutput(); err != nil {
		return fmt.Errorf("build tocsin: %w\n%s", err, text)
	}
	peers := []peer{
		{name: ours, ready: "/-/ready", config: alertsConfig, command: func(dir, address string) []string {
			return []string{tocsin, "serve", "--config.file=" + dir + ".yml", "--storage.path=" + dir, "--web.listen-address=" + address}
		}},
		{name: "alertmanager", ready: "/-/ready", config: alertsConfig, command: func(dir, address string) []string {
			return []string{p.alertmanager, "--config.file=" + dir + ".yml", "--storage.path=" + dir, "--web.listen-address=" + address, "--cluster.listen-address="}
		}},
	}
	t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%d alerts told %d times by API v2, %d in a request\n\n\talerts/s\tCPU us an alert\n", p.alerts, p.tellings, alertsBatch)
	perSecond := map[string]float64{}
	for i, x := range peers {
		run, err := x.start(filepath.Join(p.dir, fmt.Sprint("alerts", i)))
		if err != nil {
			return err
		}
		cpu, began := run.cpu(), time.Now()
		err = p.tell(run.url("/api/v2/alerts"))
		took := time.Since(began).Seconds()
		run.settle(10)
		used := run.cpu() - cpu
		run.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		n := float64(p.alerts * p.tellings)
		perSecond[x.name] = n / took
		fmt.Fprintf(t, "%s\t%.0f\t%.1f\n", x.name, n/took, 1e6*used/n)
	}
	found["alerts_per_second"] = perSecond[ours]
	found["alerts_ratio_alertmanager"] = perSecond[ours] / perSecond["alertmanager"]
	fmt.Fprintf(t, "\nours / theirs, alerts/s\t%.2f\n", found["alerts_ratio_alertmanager"])
	return t.Flush()
}

// alertsBatch is how many alerts stand in one request; Prometheus sends up to 256.
const alertsBatch = 256

func (p rulesPlan) tell(url string) error {
	client := &http.Client{Timeout: time.Minute}
	for telling := range p.tellings {
		until := time.Now().Add(4 * time.Minute).UTC().Format(time.RFC3339)
		since := time.Now().Add(-time.Duration(telling) * time.Second).UTC().Format(time.RFC3339)
		for from := 0; from < p.alerts; from += alertsBatch {
			var batch []map[string]any
			for i := from; i < min(from+alertsBatch, p.alerts); i++ {
				batch = append(batch, map[string]any{
					"labels": map[string]string{
						"alertname": fmt.Sprintf("Alert%02d", i%20), "job": fmt.Sprintf("s%03d", i/20%100), "instance": fmt.Sprintf("10.0.0.%d:8080", i), "severity": "warning",
					},
					"annotations": map[string]string{"summary": fmt.Sprintf("something is wrong with instance %d", i)},
					"startsAt":    since, "endsAt": until, "generatorURL": "http://prometheus.example/graph",
				})
			}
			body, err := json.Marshal(batch)
			if err != nil {
				return err
			}
			resp, err := client.Post(url, "application/json", bytes.NewReader(body))
			if err != nil {
				return err
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("POST %s: %s", url, resp.Status)
			}
		}
	}
	return nil
}
