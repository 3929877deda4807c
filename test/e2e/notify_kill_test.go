//go:build linux

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/incident"
)

const (
	stormServices = 40
	stormKills    = 25
)

// arrived is one request that a receiver took.
type arrived struct {
	key  string
	kind incident.EventKind
	life int
}

// stormReceiver is where a webhook channel posts to. It fails some requests.
type stormReceiver struct {
	url string
	bad float64

	mu   sync.Mutex
	life int
	got  []arrived
	r    *rand.Rand
}

func newStormReceiver(t *testing.T, bad float64) *stormReceiver {
	s := &stormReceiver{bad: bad, r: rand.New(rand.NewPCG(7, 7))}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stormReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	var m struct {
		Event incident.Event `json:"event"`
	}
	if err != nil || json.Unmarshal(body, &m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p := s.r.Float64(); {
	case p < s.bad/2:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case p < s.bad:
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.got = append(s.got, arrived{r.Header.Get("Idempotency-Key"), m.Event.Kind, s.life})
}

func (s *stormReceiver) nextLife() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life++
}

func (s *stormReceiver) count(key string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.got {
		if a.key == key {
			n++
		}
	}
	return n
}

// doubles returns how many messages of one life arrived again in a later one, at
// most.
func (s *stormReceiver) doubles() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, again := map[string]int{}, map[int]int{}
	most := 0
	for _, a := range s.got {
		life, seen := first[a.key]
		if !seen {
			first[a.key] = a.life
			continue
		}
		again[life]++
		most = max(most, again[life])
	}
	return most
}

// stormWriter reports for each service whether it is broken, twice a second.
type stormWriter struct {
	d      *daemon
	mu     sync.Mutex
	broken [stormServices]bool
}

func (w *stormWriter) flip(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken[n] = !w.broken[n]
}

func (w *stormWriter) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = [stormServices]bool{}
}

func (w *stormWriter) run(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		var all []prompb.TimeSeries
		w.mu.Lock()
		for n, b := range w.broken {
			v := 0.0
			if b {
				v = 1
			}
			all = append(all, timeSeries([]prompb.Sample{{Timestamp: time.Now().UnixMilli(), Value: v}}, "__name__", "shop_broken", "service", "svc"+strconv.Itoa(n)))
		}
		w.mu.Unlock()
		w.d.write(all...) // a process that is just dead answers nothing; the next tick is soon
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// TestServe_KilledInAStorm_EverybodyIsTold: alerts come and go while the process
// is killed at random moments. In the end each event that is to be told has
// arrived at each receiver, and of each life at most the one message in doubt
// twice, with the same key.
func TestServe_KilledInAStorm_EverybodyIsTold(t *testing.T) {
	steady, flaky := newStormReceiver(t, 0), newStormReceiver(t, 0.3)
	rules := writeFile(t, t.TempDir(), "rules.yml", `
groups:
  - name: storm
    interval: 1s
    rules:
      - alert: ShopBroken
        expr: shop_broken == 1
        labels: {severity: critical}
`)
	d := serveOn(t, t.TempDir(), fmt.Sprintf(`
rules: {rule_files: [%q]}
incidents: {resolve_after: 1s, storm_incidents: 1000, flap_changes: 100}
notify:
  retry_max: 2s
  channels:
    - {name: steady, webhook: {url: %q}}
    - {name: flaky, webhook: {url: %q}}
`, rules, steady.url, flaky.url))
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	w := &stormWriter{d: d}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { w.run(ctx) })
	defer wg.Wait()
	defer cancel()
	for range stormKills {
		for range 1 + r.IntN(4) {
			w.flip(r.IntN(stormServices))
		}
		pass(t, time.Duration(r.IntN(2500))*time.Millisecond)
		d.kill()
		steady.nextLife()
		flaky.nextLife()
		d.boot(t)
	}
	w.mend()
	var told []string
	eventually(t, 90*time.Second, "all is told", func() (err error) {
		told, err = stormEvents(d)
		if err != nil {
			return err
		}
		for _, key := range told {
			for _, s := range []*stormReceiver{steady, flaky} {
				if s.count(key) == 0 {
					return fmt.Errorf("%s has not arrived at both of the receivers", key)
				}
			}
		}
		return nil
	})
	for name, s := range map[string]*stormReceiver{"steady": steady, "flaky": flaky} {
		for _, key := range told {
			if n := s.count(key); n > 2 {
				t.Errorf("%s: %s arrived %d times", name, key, n)
			}
		}
		if n := s.doubles(); n > 1 {
			t.Errorf("%s: %d messages of one life arrived twice, want at most the one in doubt", name, n)
		}
	}
	t.Logf("%d kills, %d events to tell, %d and %d messages arrived", stormKills, len(told), len(steady.got), len(flaky.got))
	if len(told) < stormKills {
		t.Errorf("%d events: the storm is too small to show anything", len(told))
	}
	stopsInOrder(t, d)
}

// stormEvents returns the keys of all events that are told, or an error while an
// incident is still open.
func stormEvents(d *daemon) ([]string, error) {
	var list struct {
		Incidents []incident.Incident `json:"incidents"`
	}
	if err := d.get("/api/v1/tocsin/incidents?state=all&limit=500", &list); err != nil {
		return nil, err
	}
	kinds := []incident.EventKind{incident.EventOpened, incident.EventReopened, incident.EventRaised, incident.EventResolved}
	var keys []string
	for _, i := range list.Incidents {
		if i.State != incident.StateResolved {
			return nil, fmt.Errorf("incident %s of %s is %s", i.ID, i.Service, i.State)
		}
		var detail struct {
			Events []incident.Event `json:"events"`
		}
		if err := d.get("/api/v1/tocsin/incidents/"+i.ID, &detail); err != nil {
			return nil, err
		}
		for _, e := range detail.Events {
			if slices.Contains(kinds, e.Kind) {
				keys = append(keys, fmt.Sprintf("%s/%d", e.Incident, e.Seq))
			}
		}
	}
	return keys, nil
}
