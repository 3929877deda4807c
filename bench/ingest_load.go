package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/s2"
)

// ingestStep is the distance of samples of one series.
const ingestStep = 15 * time.Second

// perTarget is how many series one made-up target exposes; a sender's batches
// hold the series of a few targets, one after the other.
const perTarget = 500

// mixes are what series show. Each is the share of buckets of classic histograms,
// counters, noisy gauges and gauges that seldom change, of a hundred series.
var mixes = map[string][4]int{
	"typical":  {40, 25, 25, 10},
	"gauges":   {0, 0, 100, 0},
	"counters": {0, 100, 0, 0},
}

// made is one made-up series: its kind is an index into a mix.
type made struct {
	seed uint64
	kind uint8
}

// value returns what the series shows in a round, without any state, so that
// rounds can be made in any order. Buckets and counters never fall.
func (m made) value(round int) float64 {
	h := mixed(m.seed + uint64(round)*0x9e3779b97f4a7c15)
	switch m.kind {
	case 0, 1:
		rate := m.seed % 50
		return float64(uint64(round)*(rate+1) + h%(rate+1))
	case 2:
		base := float64(m.seed%10_000) / 10
		wave := math.Sin(2 * math.Pi * (float64(round)/240 + float64(m.seed%97)/97))
		return math.Round((base*(1+0.2*wave)+float64(h%1000)/100)*100) / 100
	}
	return float64(m.seed%100 + mixed(m.seed+uint64(round/100))%2)
}

// mixed is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable
// Pseudorandom Number Generators, 2014).
func mixed(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// ingestBody is one request without its values: the bytes of a WriteRequest and
// where in them the sample of each series stands.
type ingestBody struct {
	raw  []byte
	at   []int
	made []made
}

// load is the requests of one round over all series.
type load struct {
	series int
	batch  int
	bodies []ingestBody
}

// newLoad makes n series in batches. Labels are ten, 200 bytes or so together.
func newLoad(n, batch int, mix [4]int) *load {
	l := &load{series: n, batch: batch}
	for from := 0; from < n; from += batch {
		var b ingestBody
		for i := from; i < min(n, from+batch); i++ {
			b.add(i, mix)
		}
		l.bodies = append(l.bodies, b)
	}
	return l
}

// kindOf spreads the kinds of a mix over the series of a target in whole runs, as
// the series of one histogram follow each other.
func kindOf(i int, mix [4]int) uint8 {
	at := i % perTarget % 100
	for k, share := range mix {
		if at -= share; at < 0 {
			return uint8(k)
		}
	}
	return 3
}

func (b *ingestBody) add(i int, mix [4]int) {
	target, metric := i/perTarget, i%perTarget
	kind := kindOf(i, mix)
	name, le := fmt.Sprintf("shop_queue_length_%03d", metric), ""
	switch kind {
	case 0:
		// Ten buckets to a histogram; their counts must not fall with le.
		name, le = fmt.Sprintf("shop_request_duration_seconds_%02d_bucket", metric/10), bucketBounds[metric%10]
	case 1:
		name = fmt.Sprintf("shop_requests_handled_%03d_total", metric)
	}
	labels := [][2]string{
		{"__name__", name}, {"cluster", "eu-west-1-production"}, {"container", "checkout-service"},
		{"endpoint", "http-metrics"}, {"handler", "/api/v1/orders"},
		{"instance", fmt.Sprintf("10.%d.%d.%d:8080", target>>16, target>>8&255, target&255)}, {"job", fmt.Sprintf("shop/checkout-%d", target%20)},
		{"namespace", "shop"}, {"pod", fmt.Sprintf("checkout-7d9f8b6c5d-%05x", target)},
	}
	if le == "" {
		labels = append(labels, [2]string{"region", "eu"})
	} else {
		labels = slices.Insert(labels, 7, [2]string{"le", le})
	}
	var s []byte
	for _, l := range labels {
		p := field(field(nil, 1, []byte(l[0])), 2, []byte(l[1]))
		s = field(s, 1, p)
	}
	// A sample has the same length whatever it is: eight bytes of value and six
	// of time, which is right until the year 2039 and was since 2004.
	s = append(s, 2<<3|2, 16, 1<<3|1)
	at := len(s)
	s = append(s, 0, 0, 0, 0, 0, 0, 0, 0, 2<<3, 0, 0, 0, 0, 0, 0)
	m := made{mixed(uint64(i) + 1), kind}
	if kind == 0 {
		m.seed = mixed(uint64(i/10)+1)&^0xff | uint64(metric%10)*5 // larger buckets count faster
	}
	b.raw = append(binary.AppendUvarint(append(b.raw, 1<<3|2), uint64(len(s))), s...)
	b.at = append(b.at, len(b.raw)-len(s)+at)
	b.made = append(b.made, m)
}

var bucketBounds = [...]string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"}

// field appends a length-delimited protobuf field.
func field(to []byte, number int, value []byte) []byte {
	to = binary.AppendUvarint(to, uint64(number)<<3|2)
	return append(binary.AppendUvarint(to, uint64(len(value))), value...)
}

// fill sets the samples of a round. A body is filled by one goroutine at a time.
func (b *ingestBody) fill(round int, t int64) {
	for i, at := range b.at {
		binary.LittleEndian.PutUint64(b.raw[at:], math.Float64bits(b.made[i].value(round)))
		binary.PutUvarint(b.raw[at+9:], uint64(t))
	}
}

// sent is what became of the requests of some rounds.
type sent struct {
	samples  int
	took     time.Duration
	answers  []time.Duration // time to each answer
	failures int
	first    error
}

// send writes rounds [from, to) to a server by some connections at once. Rounds
// follow each other without a pause and no round begins before the last has been
// answered. A request that fails is counted and not tried again. Once ctx has ended
// nothing more is sent, which is a failure too.
func (l *load) send(ctx context.Context, url string, from, to int, begin time.Time, connections int) sent {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	var out sent
	var mu sync.Mutex
	started := time.Now()
	for round := from; round < to && ctx.Err() == nil; round++ {
		t := begin.Add(time.Duration(round) * ingestStep).UnixMilli()
		var next atomic.Int64
		var wg sync.WaitGroup
		for range connections {
			wg.Go(func() {
				var packed []byte
				for {
					i := int(next.Add(1)) - 1
					if i >= len(l.bodies) || ctx.Err() != nil {
						return
					}
					b := &l.bodies[i]
					b.fill(round, t)
					packed = s2.EncodeSnappy(packed[:cap(packed)], b.raw)
					asked := time.Now()
					err := post(client, url, packed)
					took := time.Since(asked)
					mu.Lock()
					out.answers = append(out.answers, took)
					if err == nil {
						out.samples += len(b.at)
					} else if out.failures++; out.first == nil {
						out.first = err
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	out.took = time.Since(started)
	if err := context.Cause(ctx); err != nil {
		out.failures, out.first = out.failures+1, err
	}
	return out
}

// post sends one body of remote write 1.0.
func post(client *http.Client, url string, body []byte) error {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Content-Encoding", "snappy")
	r.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", resp.Status, text)
	}
	return err
}

// p99 returns the 99th percentile of the times to answers.
func (s *sent) p99() time.Duration {
	if len(s.answers) == 0 {
		return 0
	}
	slices.Sort(s.answers)
	return s.answers[len(s.answers)*99/100]
}
