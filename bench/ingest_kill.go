package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// The loss after kill -9: a server is killed while it is being written to, a few
// seconds after its start, and started again on the same folder.
const (
	killSeries = 20_000
	killRounds = 12
)

// loss measures for each server how many of the samples that it acknowledged are
// not there after kill -9.
func (p *ingestPlan) loss(all []peer) error {
	l := newLoad(killSeries, p.batch, p.mix)
	w := tabwriter.NewWriter(p.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "server\tacknowledged before kill -9\tthere after a restart\tlost")
	for _, one := range all {
		if one.unwatched {
			continue
		}
		begin := time.Now().Add(-killRounds * ingestStep)
		dir := filepath.Join(p.dir, "kill-"+one.name)
		x, err := one.start(p.ctx, dir)
		if err != nil {
			return err
		}
		// The last rounds are sent while the process dies; failures are expected.
		s := l.send(p.ctx, x.url(x.write), 0, killRounds-4, begin, p.connections)
		done := make(chan sent)
		go func() { done <- l.send(p.ctx, x.url(x.write), killRounds-4, killRounds, begin, p.connections) }()
		time.Sleep(50 * time.Millisecond)
		x.kill()
		acknowledged := s.samples + (<-done).samples
		if s.failures > 0 {
			return fmt.Errorf("%s refused %d requests, the first: %w", one.name, s.failures, s.first)
		}
		if x, err = one.start(p.ctx, dir); err != nil {
			return err
		}
		found, err := x.stored(begin.Add((killRounds + 1) * ingestStep))
		x.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		lost := max(0, float64(acknowledged)-found)
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f (%.1f%%)\n", one.name, acknowledged, found, lost, 100*lost/float64(acknowledged))
		key := "lost_after_kill"
		if one.name != ours {
			key += "_" + one.name
		}
		p.found[key] = lost
	}
	return w.Flush()
}

// stored returns how many of the bench's samples of the last half hour are there.
func (x *process) stored(at time.Time) (float64, error) {
	body, err := x.ask(x.query+"/query", url.Values{"query": {`{__name__=~"shop_.+"}[30m]`}, "time": {strconv.FormatInt(at.Unix(), 10)}})
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Values []json.RawMessage `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("answer of %s: %w", x.name, err)
	}
	n := 0
	for _, r := range answer.Data.Result {
		n += len(r.Values)
	}
	return float64(n), nil
}

// ask posts a form and returns the answer.
func (x *process) ask(path string, form url.Values) ([]byte, error) {
	resp, err := http.Post(x.url(path), "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %.300s", path, form.Get("query"), resp.Status, body)
	}
	return body, err
}

// restarts kills all servers and starts each on what it had, alone, and tells how long
// it takes until it serves.
func (p *ingestPlan) restarts(suffix string, running []*process) error {
	for _, x := range running {
		x.kill()
	}
	w := tabwriter.NewWriter(p.out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "server\tserves after kill -9 within s\tof it CPU-s")
	for _, x := range running {
		begun := time.Now()
		again, err := x.start(p.ctx, x.dir)
		if err != nil {
			return fmt.Errorf("%s after kill -9: %w", x.name, err)
		}
		took, cpu := time.Since(begun).Seconds(), again.cpu()
		again.kill()
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\n", x.name, took, cpu)
		if x.name == ours {
			p.found["start_s_"+suffix] = took
		}
	}
	return w.Flush()
}
