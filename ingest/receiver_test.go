package ingest_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/klauspost/compress/zstd"

	"github.com/tocsinhq/tocsin/ingest"
)

func newReceiver(change func(*ingest.Options)) *ingest.Receiver {
	o := ingest.Options{Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet()}
	if change != nil {
		change(&o)
	}
	return ingest.NewReceiver("test", o)
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t *testing.T, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func deflated(t *testing.T, b []byte, header bool) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = zlib.NewWriter(&out)
	if !header {
		w, _ = flate.NewWriter(&out, 5) // the level is one that there is
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReceiver_Inflate(t *testing.T) {
	plain := bytes.Repeat([]byte("some text that repeats "), 20_000) // 460 kB
	packed := gzipped(t, plain)
	r := newReceiver(nil)
	for _, tt := range []struct {
		name, encoding string
		body           []byte
		want           []byte
		code           int
		text           string
	}{
		{"gzip", "gzip", packed, plain, 0, ""},
		{"gzip in capitals", " GZIP", packed, plain, 0, ""},
		{"two members", "gzip", append(append([]byte{}, packed...), packed...), append(append([]byte{}, plain...), plain...), 0, ""},
		{"zstd", "zstd", zstded(t, plain), plain, 0, ""},
		{"deflate", "deflate", deflated(t, plain, true), plain, 0, ""},
		{"deflate without a header", "deflate", deflated(t, plain, false), plain, 0, ""},
		{"deflate cut off", "deflate", deflated(t, plain, true)[:40], nil, 400, "is not whole deflate"},
		{"deflate bomb", "deflate", deflated(t, make([]byte, 40<<20), true), nil, 413, "more than 32MiB after decompression"},
		{"identity", "identity", plain, plain, 0, ""},
		{"none", "", plain, plain, 0, ""},
		{"brotli", "br", plain, nil, 415, "send gzip, zstd, deflate or identity"},
		{"two encodings", "gzip, gzip", packed, nil, 415, `"gzip, gzip" is not accepted`},
		{"plain body that claims gzip", "gzip", []byte(`{"a":1}`), nil, 400, "is not whole gzip"},
		{"zstd that claims gzip", "gzip", zstded(t, plain), nil, 400, "it looks like zstd"},
		{"gzip cut off", "gzip", packed[:len(packed)-3], nil, 400, "is not whole gzip"},
		{"gzip with another checksum", "gzip", append(append([]byte{}, packed[:len(packed)-8]...), 1, 2, 3, 4, 5, 6, 7, 8), nil, 400, "is not whole gzip"},
		{"zstd cut off", "zstd", zstded(t, plain)[:40], nil, 400, "is not whole zstd"},
		{"gzip bomb", "gzip", gzipped(t, make([]byte, 40<<20)), nil, 413, "more than 32MiB after decompression"},
		{"zstd bomb", "zstd", zstded(t, make([]byte, 40<<20)), nil, 413, "more than 32MiB after decompression"},
		{"plain and large", "", make([]byte, 33<<20), nil, 413, "body has 33MiB, want at most 32MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b ingest.Body
			defer r.Release(&b)
			got, f := r.Inflate(tt.body, tt.encoding, &b)
			switch {
			case f == nil && (tt.code != 0 || !bytes.Equal(got, tt.want)):
				t.Errorf("got %d bytes, want %d and status %d", len(got), len(tt.want), tt.code)
			case f != nil && (f.Code != tt.code || !strings.Contains(f.Text, tt.text)):
				t.Errorf("got %d %q, want %d %q", f.Code, f.Text, tt.code, tt.text)
			}
		})
	}
}

func TestReceiver_Memory_IsShared(t *testing.T) {
	shared := new(ingest.Memory)
	small := func(o *ingest.Options) { o.Memory, o.Config.MaxInFlight = shared, 300_000 }
	one, two := newReceiver(small), newReceiver(small)
	var a, b ingest.Body
	read := func(r *ingest.Receiver, s *ingest.Body) *ingest.Refusal {
		q := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, 200_000)))
		_, f := r.Read(httptest.NewRecorder(), q, s)
		return f
	}
	if f := read(one, &a); f != nil {
		t.Fatalf("got %+v", f)
	}
	if f := read(two, &b); f == nil || f.Code != 503 || f.RetryAfter == 0 {
		t.Errorf("got %+v while another receiver holds the memory, want 503", f)
	}
	one.Release(&a)
	if f := read(two, &b); f != nil {
		t.Errorf("got %+v after it was released", f)
	}
	// What a body grows to is claimed as well.
	if _, f := two.Inflate(gzipped(t, make([]byte, 1<<20)), "gzip", &b); f == nil || f.Code != 503 {
		t.Errorf("got %+v for a body that grows beyond the memory, want 503", f)
	}
	two.Release(&b)
	if f := read(one, &a); f != nil {
		t.Errorf("got %+v after everything was released", f)
	}
}

// Senders that have begun large bodies, and then send hardly anything, leave room for others.
func TestReceiver_Read_ClaimsAsTheBodyComes(t *testing.T) {
	const size = 8 << 20
	r := newReceiver(func(o *ingest.Options) { o.Config.MaxInFlight = 4 * size })
	type end struct {
		body    []byte
		refusal *ingest.Refusal
	}
	want := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	var ends []chan end
	var senders []*io.PipeWriter
	for range 100 {
		from, to := io.Pipe()
		q := httptest.NewRequest(http.MethodPost, "/", from)
		q.ContentLength = size
		done := make(chan end, 1)
		go func() {
			var b ingest.Body
			defer r.Release(&b)
			body, f := r.Read(httptest.NewRecorder(), q, &b)
			from.Close() // nobody reads the rest
			done <- end{bytes.Clone(body), f}
		}()
		if _, err := to.Write(want[:1]); err != nil {
			t.Fatal(err)
		}
		ends, senders = append(ends, done), append(senders, to)
	}
	for _, length := range []int64{size, -1} {
		q := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(want))
		q.ContentLength = length
		var b ingest.Body
		got, f := r.Read(httptest.NewRecorder(), q, &b)
		if f != nil || !bytes.Equal(got, want) {
			t.Errorf("length %d, beside those that say no more: got %d bytes, %+v", length, len(got), f)
		}
		r.Release(&b)
	}
	// What has come is claimed, and one beyond the bound is refused by then.
	refused := 0
	for _, to := range senders[:8] {
		_, _ = to.Write(want[1 : size-1]) // fails when the reader has refused
	}
	for i, to := range senders {
		to.Close()
		if e := <-ends[i]; e.refusal != nil && e.refusal.Code == 503 {
			refused++
		}
	}
	if refused < 4 || refused > 5 {
		t.Errorf("%d of 8 whole bodies were refused where 4 fit, less what others claim", refused)
	}
}

func FuzzReceiver_Inflate(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), true)
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00"), false)
	f.Fuzz(func(t *testing.T, body []byte, gz bool) {
		r := newReceiver(func(o *ingest.Options) { o.Config.MaxDecoded = 1 << 20 })
		var b ingest.Body
		encoding := "zstd"
		if gz {
			encoding = "gzip"
		}
		got, refused := r.Inflate(body, encoding, &b)
		if refused == nil && len(got) > 1<<20 {
			t.Errorf("got %d bytes, want at most 1 MiB", len(got))
		}
		r.Release(&b)
	})
}
