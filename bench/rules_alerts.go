package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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

// taker is a server that alerts are told to.
type taker struct {
	name, does string
	run        *process

	seconds []float64 // until all alerts of one telling were answered for
	cpu     float64   // of all tellings, with what was put off
}

// intake measures how many alerts per second we and Alertmanager take in by API
// v2: the same alerts in the same requests, as Prometheus tells them: new, then
// again and again with a later end, at last as ended. Both servers run all the
// time and take turns by telling; who has the turn is waited for until it is idle,
// so that nobody pays for what the other put off.
func (p rulesPlan) intake(found figures) error {
	tocsin := filepath.Join(p.dir, "tocsin")
	if text, err := exec.CommandContext(p.ctx, "go", "build", "-o", tocsin, "./cmd/tocsin").CombinedOutput(); err != nil {
		return fmt.Errorf("build tocsin: %w\n%s", err, text)
	}
	takers := []*taker{
		{name: ours, does: "writes each change to disk before it answers, lasts through kill -9; opens incidents"},
		{name: "alertmanager", does: "keeps alerts in memory, forgets them when it ends"},
	}
	peers := []peer{
		{name: ours, ready: "/-/ready", config: alertsConfig, command: func(dir, address string) []string {
			return []string{tocsin, "serve", "--config.file=" + dir + ".yml", "--storage.path=" + dir, "--web.listen-address=" + address}
		}},
		{name: "alertmanager", ready: "/-/ready", config: alertsConfig, command: func(dir, address string) []string {
			return []string{p.alertmanager, "--config.file=" + dir + ".yml", "--storage.path=" + dir, "--web.listen-address=" + address, "--cluster.listen-address="}
		}},
	}
	for i, x := range peers {
		run, err := x.start(p.ctx, filepath.Join(p.dir, fmt.Sprint("alerts", i)))
		if err != nil {
			return err
		}
		defer run.stop()
		takers[i].run = run
	}
	if err := p.tellAll(takers); err != nil {
		return err
	}
	for _, x := range takers {
		if n, err := x.burning(); err != nil || n != 0 {
			return fmt.Errorf("%s: after all alerts have ended it shows %d (%v), want none", x.name, n, err)
		}
	}
	return p.intakeTable(takers, found)
}

// tellAll tells all alerts to all servers, p.tellings times.
func (p rulesPlan) tellAll(takers []*taker) error {
	client := &http.Client{Timeout: time.Minute}
	since := time.Now()
	for _, x := range takers {
		x.run.rest()
	}
	for telling := range p.tellings {
		bodies, err := p.alertBodies(since, telling)
		if err != nil {
			return err
		}
		for i := range takers {
			x := takers[(i+telling)%len(takers)]
			cpu, began := x.run.cpu(), time.Now()
			for _, body := range bodies {
				resp, err := client.Post(x.run.url("/api/v2/alerts"), "application/json", bytes.NewReader(body))
				if err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
				_, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK {
					return fmt.Errorf("%s: take in alerts: %s (%v)", x.name, resp.Status, err)
				}
			}
			x.seconds = append(x.seconds, time.Since(began).Seconds())
			x.run.rest()
			x.cpu += x.run.cpu() - cpu
		}
		if telling == 0 {
			for _, x := range takers {
				if n, err := x.burning(); err != nil || n != p.alerts {
					return fmt.Errorf("%s: was told %d alerts and shows %d (%v)", x.name, p.alerts, n, err)
				}
			}
		}
	}
	return nil
}

// intakeTable prints what was measured and adds the figures.
func (p rulesPlan) intakeTable(takers []*taker, found figures) error {
	t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n%d alerts told %d times by API v2, %d in a request, taking turns\n\n\talerts/s, all\tnew\trepeated, median\tended\tCPU us an alert\t\n", p.alerts, p.tellings, alertsBatch)
	perSecond := map[string]float64{}
	n := float64(p.alerts)
	for _, x := range takers {
		total := 0.0
		for _, s := range x.seconds {
			total += s
		}
		last := len(x.seconds) - 1
		perSecond[x.name] = n * float64(p.tellings) / total
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.1f\t%s\n", x.name, perSecond[x.name], n/x.seconds[0], n/median(x.seconds[1:last]), n/x.seconds[last],
			1e6*x.cpu/n/float64(p.tellings), x.does)
	}
	found["alerts_per_second"] = perSecond[ours]
	found["alerts_ratio_alertmanager"] = perSecond[ours] / perSecond["alertmanager"]
	found["alerts_cpu_ratio_alertmanager"] = takers[0].cpu / takers[1].cpu
	fmt.Fprintf(t, "\nours / theirs, alerts/s\t%.2f\nours / theirs, CPU\t%.2f\n", found["alerts_ratio_alertmanager"], found["alerts_cpu_ratio_alertmanager"])
	return t.Flush()
}

// alertsBatch is how many alerts stand in one request; Prometheus sends up to 256.
const alertsBatch = 256

// alertBodies returns the requests of one telling. As with Prometheus an alert has
// the same start whenever it is told, and a later end.
func (p rulesPlan) alertBodies(since time.Time, telling int) ([][]byte, error) {
	until := time.Now().Add(4 * time.Minute)
	if telling == p.tellings-1 {
		until = time.Now()
	}
	var out [][]byte
	for from := 0; from < p.alerts; from += alertsBatch {
		var batch []map[string]any
		for i := from; i < min(from+alertsBatch, p.alerts); i++ {
			batch = append(batch, map[string]any{
				"labels": map[string]string{
					"alertname": fmt.Sprintf("Alert%02d", i%20), "job": fmt.Sprintf("s%03d", i/20%100), "instance": fmt.Sprintf("10.0.0.%d:8080", i), "severity": "warning",
				},
				"annotations": map[string]string{"summary": fmt.Sprintf("something is wrong with instance %d", i)},
				"startsAt":    since.UTC().Format(time.RFC3339Nano), "endsAt": until.UTC().Format(time.RFC3339Nano), "generatorURL": "http://prometheus.example/graph",
			})
		}
		body, err := json.Marshal(batch)
		if err != nil {
			return nil, err
		}
		out = append(out, body)
	}
	return out, nil
}

// burning asks how many alerts the server shows.
func (x *taker) burning() (int, error) {
	resp, err := http.Get(x.run.url("/api/v2/alerts"))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var list []struct{}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return 0, fmt.Errorf("read alerts: %w", err)
	}
	return len(list), nil
}

// rest waits until the process has used hardly any processor time for a fifth of
// a second, two seconds at the longest.
func (x *process) rest() {
	for range 10 {
		before := x.cpu()
		time.Sleep(200 * time.Millisecond)
		if x.cpu()-before < 0.015 {
			return
		}
	}
}
