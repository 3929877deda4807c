// Package hooktest is what the tests of the decoders of change webhooks share:
// recorded requests with the outcome that is wanted of each, and properties that
// hold for any request.
package hooktest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

var rewrite = flag.Bool("rewrite", false, "write the wanted outcomes anew")

// Decoder reads one request.
type Decoder func(hook.Request) (hook.Outcome, error)

// want is the form of a .want file.
type want struct {
	Delivery string         `json:"delivery,omitempty"`
	Changes  []item         `json:"changes"`
	Ignored  []hook.Ignored `json:"ignored"`
	Failed   []hook.Failed  `json:"failed,omitempty"`
	Error    string         `json:"error,omitempty"`
}

type item struct {
	telemetry.Change
	Follows bool `json:"follows,omitempty"`
}

// Run decodes every *.http file of a folder, which is a header, an empty line and a body,
// and compares the outcome with the .want file beside it. Run with -rewrite to
// write those anew, and read the difference.
func Run(t *testing.T, dir string, decode Decoder) {
	for _, path := range recorded(t, dir) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			got := render(decode(Read(t, path)))
			golden := strings.TrimSuffix(path, ".http") + ".want"
			if *rewrite {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			wanted, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(wanted), string(got)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func render(out hook.Outcome, err error) []byte {
	w := want{Delivery: out.Delivery, Changes: []item{}, Ignored: append([]hook.Ignored{}, out.Ignored...), Failed: out.Failed}
	for _, i := range out.Items {
		hook.Tidy(&i.Change)
		w.Changes = append(w.Changes, item{i.Change, i.Follows})
	}
	if err != nil {
		w.Error = err.Error()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	_ = enc.Encode(w) // plain data
	text := b.Bytes()
	for _, none := range []string{"received", "started"} { // what is not known is left out
		text = bytes.ReplaceAll(text, []byte(",\n   \""+none+"\": \"0001-01-01T00:00:00Z\""), nil)
	}
	return text
}

func recorded(t testing.TB, dir string) []string {
	paths, err := filepath.Glob(dir + "/*.http")
	if err != nil || len(paths) == 0 {
		t.Fatalf("recorded requests: %v, %v", paths, err)
	}
	return paths
}

// Read reads a recorded request.
func Read(t testing.TB, path string) hook.Request {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(bytes.NewReader(src))
	h, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return hook.Request{Header: http.Header(h), Body: bytes.TrimRight(body, "\n")}
}

// Fuzz checks what holds for every body under the headers of each recorded
// request: the decoder returns, the same the second time, changes that Tidy makes
// short, and errors that fit a log.
func Fuzz(f *testing.F, dir string, decode Decoder) {
	headers := []http.Header{{}}
	for _, path := range recorded(f, dir) {
		r := Read(f, path)
		f.Add(len(headers), r.Body)
		headers = append(headers, r.Header)
	}
	for _, s := range []string{"", "{}", "[]", "null", `{"a":`, `"x"`, "payload=%7B%7D", "payload=%zz"} {
		f.Add(1, []byte(s))
	}
	f.Fuzz(func(t *testing.T, n int, body []byte) {
		r := hook.Request{Header: headers[uint(n)%uint(len(headers))], Body: body}
		out, err := decode(r)
		again, _ := decode(r)
		if !reflect.DeepEqual(out, again) {
			t.Errorf("another outcome the second time: %s", cmp.Diff(out, again))
		}
		if err != nil && (err.Error() == "" || len(err.Error()) > 2000) {
			t.Errorf("error of %d bytes", len(err.Error()))
		}
		if len(out.Items) > hook.MaxItems || len(out.Ignored) > hook.MaxItems {
			t.Errorf("%d changes, %d ignored", len(out.Items), len(out.Ignored))
		}
		for _, i := range out.Items {
			before := i.Change.ID
			hook.Tidy(&i.Change)
			size := len(i.Change.ID) + len(i.Change.Service) + len(i.Change.VersionTo) + len(i.Change.Summary) + len(i.Change.Link)
			if len(i.Change.ID) > 128 || size > 4096 || (before == "") != (i.Change.ID == "") {
				t.Errorf("too much is left of %q: %d bytes", i.Change.ID, size)
			}
		}
	})
}
