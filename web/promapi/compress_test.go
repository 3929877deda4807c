package promapi_test

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/metadata"

	"github.com/tocsinhq/tocsin/web/promapi"
)

func TestAPI_LongAnswers_AreCompressedForWhoTakesIt(t *testing.T) {
	s := serve(t, func(o *promapi.Options) {
		o.Metadata = func(string, int) map[string][]metadata.Metadata {
			return map[string][]metadata.Metadata{"up": {{Help: strings.Repeat("words ", 1000)}}}
		}
	})
	const long, short = "query_range?query=up&start=1772366000&end=1772366400&step=1", "query?query=up"
	ask := func(path, accept string) (http.Header, int, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL+"/api/v1/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Accept-Encoding", accept)
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var body io.Reader = resp.Body
		switch resp.Header.Get("Content-Encoding") {
		case "gzip":
			body, err = gzip.NewReader(body)
		case "deflate":
			body, err = zlib.NewReader(body)
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Header, resp.StatusCode, string(b)
	}
	plain := map[string]string{}
	for _, path := range []string{long, short, "metadata"} {
		_, _, plain[path] = ask(path, "identity")
	}
	if len(plain[long]) < 4000 || len(plain[short]) > 1000 || len(plain["metadata"]) < 4000 {
		t.Fatalf("answers of %d and %d bytes", len(plain[long]), len(plain[short]))
	}
	for _, tt := range []struct {
		path, accept, encoding string
	}{
		{long, "gzip", "gzip"}, {long, "br, GZIP;q=0.5", "gzip"}, {long, "gzip;q=0", ""}, {long, "identity", ""}, {long, "deflate", "deflate"},
		{long, "gzip;q=much", ""}, {short, "gzip", ""}, {"metadata", "gzip", "gzip"}, {"metadata", "br", ""},
	} {
		for range 3 { // compressors are used again
			header, code, body := ask(tt.path, tt.accept)
			if code != 200 || header.Get("Content-Encoding") != tt.encoding || body != plain[tt.path] {
				t.Errorf("%s with %q: %d, encoding %q, %d bytes, want encoding %q, %d bytes", tt.path, tt.accept, code, header.Get("Content-Encoding"), len(body), tt.encoding, len(plain[tt.path]))
			}
			if got := header.Values("Vary"); len(got) == 0 || got[0] != "Accept-Encoding" || slices.Contains(got[1:], got[0]) {
				t.Errorf("%s with %q varies by %q", tt.path, tt.accept, got)
			}
		}
	}
	if _, code, body := ask("query?query="+strings.Repeat("x", 2000)+"%28", "gzip"); code != 400 || !strings.Contains(body, "parse error") {
		t.Errorf("an error is answered with %d %.100s", code, body)
	}
}
