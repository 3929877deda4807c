package promapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	pconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/web/promapi"
)

// reader is Prometheus' own client of remote read.
func reader(t *testing.T, address string) remote.ReadClient {
	t.Helper()
	u, err := url.Parse(address + "/api/v1/read")
	if err != nil {
		t.Fatal(err)
	}
	c, err := remote.NewReadClient("test", &remote.ClientConfig{
		URL: &pconfig.URL{URL: u}, Timeout: model.Duration(10 * time.Second), ChunkedReadLimit: 1 << 20,
		HTTPClientConfig: pconfig.DefaultHTTPClientConfig,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAPI_RemoteRead_ByPrometheusOwnClient(t *testing.T) {
	s := serve(t, nil)
	from, to := start.Add(-2*time.Minute).UnixMilli(), start.UnixMilli()
	q, err := remote.ToQuery(from, to, []*labels.Matcher{labels.MustNewMatcher(labels.MatchRegexp, "job", "api|none")}, &storage.SelectHints{Start: from, End: to})
	if err != nil {
		t.Fatal(err)
	}
	// The client asks for streamed chunks first.
	set, err := reader(t, s.URL).Read(context.Background(), q, true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() != chunkenc.ValNone {
			ts, v := it.At()
			got = append(got, fmt.Sprintf("%s %d=%v", set.At().Labels(), (ts-to)/60_000, v))
		}
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	if want := `{__name__="up", job="api"} -2=8;{__name__="up", job="api"} -1=9;{__name__="up", job="api"} 0=10`; strings.Join(got, ";") != want {
		t.Errorf("streamed: got %s, want %s", strings.Join(got, ";"), want)
	}
	code, header, body := read(t, s.URL, &prompb.ReadRequest{Queries: []*prompb.Query{q, q}})
	raw, err := snappy.Decode(nil, []byte(body))
	if err != nil {
		t.Fatalf("%d %q: %v", code, body, err)
	}
	var resp prompb.ReadResponse
	if err := resp.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	if code != 200 || header.Get("Content-Type") != "application/x-protobuf" || len(resp.Results) != 2 || len(resp.Results[1].Timeseries) != 1 || len(resp.Results[1].Timeseries[0].Samples) != 3 {
		t.Errorf("sampled: got %d %v %v", code, header, resp)
	}
}

func TestAPI_RemoteRead_Limits(t *testing.T) {
	s := serve(t, func(o *promapi.Options) { o.Limits.ReadSamples = 5 })
	q := &prompb.Query{StartTimestampMs: 0, EndTimestampMs: start.UnixMilli(), Matchers: []*prompb.LabelMatcher{{Type: prompb.LabelMatcher_EQ, Name: "__name__", Value: "up"}}}
	if code, _, body := read(t, s.URL, &prompb.ReadRequest{Queries: []*prompb.Query{q}}); code != 400 || !strings.Contains(body, "exceeded sample limit (5)") {
		t.Errorf("too many samples: got %d %s", code, body)
	}
	s = serve(t, func(o *promapi.Options) { o.Storage = refusing{o.Storage} })
	for _, types := range [][]prompb.ReadRequest_ResponseType{nil, {prompb.ReadRequest_STREAMED_XOR_CHUNKS}} {
		if code, _, body := read(t, s.URL, &prompb.ReadRequest{Queries: []*prompb.Query{q}, AcceptedResponseTypes: types}); code != 422 || !strings.Contains(body, "too much") {
			t.Errorf("a store that refuses: got %d %s", code, body)
		}
	}
	for name, body := range map[string]string{
		"not snappy":   "garbage",
		"a bomb":       "\xff\xff\xff\xff\x0f", // declares 4 GiB
		"no protobuf":  string(snappy.Encode(nil, []byte("garbage"))),
		"of no length": "",
	} {
		code, _, got := call(t, http.MethodPost, s.URL+"/api/v1/read", "application/x-protobuf", body)
		if code != 400 || got == "" {
			t.Errorf("%s: got %d %q", name, code, got)
		}
	}
}

// refusing is a store to which everything is too much.
type refusing struct {
	storage.SampleAndChunkQueryable
}

func (refusing) Querier(int64, int64) (storage.Querier, error) { return nil, errors.New("too much") }

func (refusing) ChunkQuerier(int64, int64) (storage.ChunkQuerier, error) {
	return nil, errors.New("too much")
}

func read(t *testing.T, address string, r *prompb.ReadRequest) (int, http.Header, string) {
	t.Helper()
	body, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return call(t, http.MethodPost, address+"/api/v1/read", "application/x-protobuf", string(snappy.Encode(nil, body)))
}
