package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/api"
	apiv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	promremote "github.com/prometheus/prometheus/storage/remote"

	"github.com/tocsinhq/tocsin/telemetry"
)

// way is how samples are asked for.
type way int32

const (
	byRemoteRead way = iota
	byRangeSelector
	byQueryRange
)

var wayNames = [...]string{"remote read", "range selectors", "query_range"}

// maxFrame bounds one message of a streamed answer, as in Prometheus itself.
const maxFrame = 50_000_000

// maxSamples bounds the samples of one series in memory; 16 bytes each.
const maxSamples = 20_000_000

// Reader reads from one server. It is safe for concurrent use and starts no
// goroutines that outlive a call, but those of idle connections; see Close.
type Reader struct {
	address string // without user
	timeout time.Duration
	step    time.Duration
	idle    func()
	read    *promremote.Client
	asker   api.Client
	api     apiv1.API
	way     atomic.Int32
}

// NewReader returns a reader. It does not speak to the server yet.
func NewReader(c Config) (*Reader, error) {
	h, u, err := c.http()
	if err != nil {
		return nil, fmt.Errorf("remote server %s: %w", withoutUser(c.URL), err)
	}
	client, err := promconfig.NewClientFromConfig(h, "tocsin")
	if err != nil {
		return nil, fmt.Errorf("remote server %s: %w", withoutUser(c.URL), err)
	}
	r := &Reader{address: u.String(), timeout: c.Timeout.Std(), step: c.Step.Std(), idle: client.CloseIdleConnections}
	// VictoriaMetrics answers 400 to paths that it does not know; Prometheus does
	// when its own limits of remote read are too small for the question.
	refusing := &guard{client.Transport, int64(c.MaxResponse), []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}}
	if r.read, err = newReadClient(u, refusing, c); err != nil {
		return nil, fmt.Errorf("remote server %s: %w", r.address, err)
	}
	query := &guard{client.Transport, int64(c.MaxResponse), []int{http.StatusNotFound}}
	asker, err := api.NewClient(api.Config{Address: r.address, Client: &http.Client{Transport: query}})
	if err != nil {
		return nil, fmt.Errorf("remote server %s: %w", r.address, err)
	}
	r.asker, r.api = asker, apiv1.NewAPI(asker)
	return r, nil
}

func newReadClient(u *url.URL, transport http.RoundTripper, c Config) (*promremote.Client, error) {
	made, err := promremote.NewReadClient("tocsin", &promremote.ClientConfig{
		URL: &promconfig.URL{URL: u.JoinPath("api/v1/read")}, Timeout: model.Duration(c.Timeout),
		ChunkedReadLimit: maxFrame,
	})
	if err != nil {
		return nil, err
	}
	client, ok := made.(*promremote.Client)
	if !ok {
		return nil, fmt.Errorf("read client is a %T", made)
	}
	client.Client = &http.Client{Transport: transport}
	return client, nil
}

// Close closes idle connections.
func (r *Reader) Close() error {
	r.idle()
	return nil
}

// Address returns where the server is, without user and password.
func (r *Reader) Address() string { return r.address }

// Way returns how samples are asked for at present, in words.
func (r *Reader) Way() string { return wayNames[r.way.Load()] }

// Series returns the series that any of the selectors matches and that had a
// sample between the times, sorted, each once.
func (r *Reader) Series(ctx context.Context, selectors []string, from, to time.Time) ([]labels.Labels, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	found, err := whole(r.api.Series(ctx, selectors, from, to))
	if err != nil {
		return nil, r.wrong("list series", err)
	}
	out := make([]labels.Labels, 0, len(found))
	b := labels.NewScratchBuilder(16)
	for _, set := range found {
		b.Reset()
		for name, value := range set {
			b.Add(string(name), string(value))
		}
		b.Sort()
		out = append(out, b.Labels())
	}
	slices.SortFunc(out, labels.Compare)
	return slices.CompactFunc(out, labels.Equal), nil
}

// Samples returns the float samples of one series from from to to, both
// included, oldest first. Native histograms are left out and counted. A series
// that has none gives nothing and no error.
func (r *Reader) Samples(ctx context.Context, l labels.Labels, from, to time.Time) (samples []telemetry.Sample, histograms uint64, err error) {
	var c collection
	err = r.byWays("read samples of "+l.String(), func(w way) error {
		c = collection{from: from.UnixMilli(), to: to.UnixMilli(), last: from.UnixMilli() - 1}
		switch w {
		case byRemoteRead:
			return r.remoteRead(ctx, l, &c)
		case byRangeSelector:
			return r.rangeSelector(ctx, l, &c)
		}
		return r.queryRange(ctx, l, &c)
	})
	if err != nil {
		return nil, 0, err
	}
	return c.samples, c.histograms, nil
}

// byWays reads by the way that the server is known to know, and by the next one where it
// turns out that it does not.
func (r *Reader) byWays(doing string, read func(way) error) error {
	for {
		w := way(r.way.Load())
		err := read(w)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errNoSuchWay) || w == byQueryRange {
			return r.wrong(doing+" by "+wayNames[w], err)
		}
		r.way.CompareAndSwap(int32(w), int32(w+1))
	}
}

// collection is the samples of a series on their way in.
type collection struct {
	from, to   int64 // ms
	last       int64
	samples    []telemetry.Sample
	histograms uint64
	of         labels.Labels // by remote read: of the series they are of, with those of the server
	others     bool          // by remote read: there are several with as many labels as of
}

// add takes a sample that is in the range and newer than the ones before.
func (c *collection) add(t int64, v float64) error {
	if t <= c.last || t > c.to {
		return nil
	}
	if len(c.samples) == maxSamples {
		return fmt.Errorf("more than %d samples; ask for a shorter time", maxSamples)
	}
	c.last = t
	c.samples = append(c.samples, telemetry.Sample{T: t, V: v})
	return nil
}

// wrong says where something went wrong, in the server's own words if it said any.
func (r *Reader) wrong(doing string, err error) error {
	var refused *apiv1.Error
	if errors.As(err, &refused) && refused.Detail != "" {
		return fmt.Errorf("remote server %s: %s: %w: %s", r.address, doing, err, refused.Detail)
	}
	return fmt.Errorf("remote server %s: %s: %w", r.address, doing, err)
}

// Names returns the names of the metrics among the series that the selector
// matches between the times.
func (r *Reader) Names(ctx context.Context, selector string, from, to time.Time) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	found, err := whole(r.api.LabelValues(ctx, model.MetricNameLabel, []string{selector}, from, to))
	if err != nil {
		return nil, r.wrong("list metrics", err)
	}
	out := make([]string, len(found))
	for i, v := range found {
		out[i] = string(v)
	}
	return out, nil
}
