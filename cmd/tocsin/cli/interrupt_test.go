package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// history is a server that has a sample a second up to end, as far as it answers: the
// process gets a signal, and the question no answer, when it is asked for time behind
// until. Questions about the hours before end are answered, as whoever looks where the
// samples end has them.
func history(t *testing.T, end, until int64, s syscall.Signal) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/series":
			fmt.Fprint(w, `{"status":"success","data":[{"__name__":"tocsin_x"}]}`)
			return
		case "/api/v1/query":
		default:
			http.NotFound(w, r)
			return
		}
		at, _ := strconv.ParseFloat(r.FormValue("time"), 64)
		_, span, _ := strings.Cut(r.FormValue("query"), "[")
		ms, _ := strconv.ParseInt(strings.TrimSuffix(span, "ms]"), 10, 64)
		to, from := int64(at), int64(at)-ms/1000
		if to > until && to < end {
			if err := syscall.Kill(os.Getpid(), s); err != nil {
				t.Error(err)
			}
			<-r.Context().Done()
			return
		}
		values := [][2]any{}
		for at := from; at <= to; at++ {
			values = append(values, [2]any{at, fmt.Sprint(at % 7)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{
			"resultType": "matrix", "result": []any{map[string]any{"metric": map[string]string{"__name__": "tocsin_x"}, "values": values}},
		}})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// What a signal ends says that it did, what there is of its work, and leaves as a shell
// expects it; a file is whole or as it was before.
func TestBacktest_Interrupted_SaysWhatIsWritten(t *testing.T) {
	const from, until, end = 1700000000, 1700040000, 1700400000
	dir := files(t, "old.csv", "old")
	old, fresh := filepath.Join(dir, "old.csv"), filepath.Join(dir, "new.csv")
	for _, c := range []struct {
		signal syscall.Signal
		code   int
		args   []string
		want   string
	}{
		{syscall.SIGINT, 130, nil, " lines were written until then, the last one whole\n"},
		{syscall.SIGINT, 130, []string{"--output=-"}, " lines were written until then, the last one whole\n"},
		{syscall.SIGINT, 130, []string{"--output=" + old}, "backtest: interrupted by SIGINT (Ctrl-C); " + old + " is as it was before\n"},
		{syscall.SIGTERM, 143, []string{"--output=" + fresh}, "backtest: interrupted by SIGTERM; " + fresh + " was not written\n"},
	} {
		args := append([]string{"backtest", "--prometheus=" + history(t, end, until, c.signal), fmt.Sprint("--from=", from), fmt.Sprint("--to=", end)}, c.args...)
		code, out, errs := run(args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Contains(errs, "canceled") {
			t.Errorf("%v, %s: got %d, %s", c.args, c.signal, code, errs)
		}
		if len(c.args) == 0 {
			n := strings.Count(out, "\n")
			if n < 1000 || !strings.HasSuffix(out, "\n") || !strings.Contains(errs, fmt.Sprintf("; %d lines", n)) {
				t.Errorf("got %d lines that end with %q, and %s", n, out[max(0, len(out)-20):], errs)
			}
		}
	}
	if body, err := os.ReadFile(old); err != nil || string(body) != "old" {
		t.Errorf("the file that was there: %q, %v", body, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestImport_Interrupted_SaysWhatIsThere(t *testing.T) {
	end := time.Now().Truncate(time.Hour).Unix()
	dir := t.TempDir()
	code, _, errs := run("import", "prometheus", history(t, end, end-10*3600, syscall.SIGINT), "--storage.path="+dir, "--url=127.0.0.1:1",
		"--from=5d", fmt.Sprint("--to=", end))
	if code != 130 || !strings.Contains(errs, "import prometheus: interrupted by SIGINT (Ctrl-C); ") || !strings.Contains(errs, "blocks are in the store already; the same command goes on from there\n") {
		t.Errorf("got %d, %s", code, errs)
	}
	code, _, errs = run("import", "prometheus", history(t, end, 0, syscall.SIGTERM), "--storage.path="+dir+"/none", "--url=127.0.0.1:1", "--from=5d", fmt.Sprint("--to=", end))
	if code != 143 || !strings.Contains(errs, "import prometheus: interrupted by SIGTERM; nothing was imported\n") {
		t.Errorf("nothing yet: got %d, %s", code, errs)
	}
}
