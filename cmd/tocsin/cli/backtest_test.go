package cli_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

// learnable is a CSV file that a detector learns, with a jump in its last line.
func learnable() string {
	var b strings.Builder
	b.WriteString("timestamp,value,label\n")
	for i := range 300 {
		fmt.Fprintf(&b, "%d,%g,0\n", 1700000000+15*i, 100+2*math.Sin(float64(i)*1.7)+math.Cos(float64(i)*0.9))
	}
	b.WriteString("1700004500,900,1\n")
	return b.String()
}

func TestBacktest_File_RowsReplaceTheOutputWhenWhole(t *testing.T) {
	dir := files(t, "pay.csv", learnable(), "bad.csv", "timestamp,value\n1,1\n2,\"x\n3,1\n", "out.csv", "old")
	in, out := filepath.Join(dir, "pay.csv"), filepath.Join(dir, "out.csv")
	code, stdout, stderr := run("backtest", "--input", filepath.Join(dir, "bad.csv"), "--output", out)
	if body, _ := os.ReadFile(out); code != cli.ExitFailed || string(body) != "old" || !strings.Contains(stderr, "bad.csv:3: ") {
		t.Errorf("a bad file: got %d, output %q, %s", code, body, stderr)
	}
	code, stdout, stderr = run("backtest", "--input", in, "--output", out)
	body, err := os.ReadFile(out)
	if code != cli.ExitOK || stdout != "" || err != nil || strings.Count(string(body), "\n") != 302 {
		t.Fatalf("got %d, %q, %v, %d lines, %s", code, stdout, err, strings.Count(string(body), "\n"), stderr)
	}
	if !strings.Contains(stderr, "1 series, 301 rows, 1 anomalous; every row was judged") {
		t.Errorf("got %s", stderr)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "out.csv.*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	code, stdout, _ = run("backtest", "--input", in)
	if code != cli.ExitOK || stdout != string(body) {
		t.Errorf("standard output differs from the file")
	}
	t.Chdir(dir)
	code, stdout, _ = run("backtest", "--input", in, "--output", "-")
	if _, err := os.Stat("-"); code != cli.ExitOK || stdout != string(body) || err == nil {
		t.Errorf("--output -: got %d, %d bytes, want standard output to be as the file, and no file named -", code, len(stdout))
	}
	code, stdout, _ = run("backtest", "--input", in, "--format=jsonl")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var last struct {
		Timestamp string
		Anomalous bool
		Kind      string
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != 301 || !last.Anomalous || last.Timestamp != "1700004500" {
		t.Errorf("got %d lines, %v, last %+v", len(lines), err, last)
	}
}

// Rows never take the place of what they are made from, under whatever name.
func TestBacktest_OutputIsAnInput_Refused(t *testing.T) {
	dir := files(t, "pay.csv", learnable(), "cart.csv", learnable())
	in, linked := filepath.Join(dir, "pay.csv"), filepath.Join(dir, "linked.csv")
	if err := os.Symlink(in, linked); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{in, linked, dir + "/../" + filepath.Base(dir) + "/pay.csv"} {
		code, _, errs := run("backtest", filepath.Join(dir, "cart.csv"), in, "--output", out)
		if body, err := os.ReadFile(in); code != cli.ExitUsage || err != nil || string(body) != learnable() || !strings.Contains(errs, "is an input") {
			t.Errorf("%s: got %d, %s, and the input has %d bytes", out, code, errs, len(body))
		}
	}
}

// A shell makes many names of a pattern; one name may hold a comma.
func TestBacktest_SeveralFiles_NamedOneAfterTheOther(t *testing.T) {
	dir := files(t, "a,b.csv", learnable(), "c.csv", learnable(), "d.csv", learnable())
	at := func(name string) string { return filepath.Join(dir, name) }
	code, out, errs := run("backtest", "--input", at("a,b.csv"), at("c.csv"), at("d.csv"))
	if code != cli.ExitOK || !strings.Contains(errs, "3 series, 903 rows") || !strings.Contains(out, "\n\"a,b\",1700000000,") || !strings.Contains(out, "\nd,1700000000,") {
		t.Errorf("got %d, %s, %.300s", code, errs, out)
	}
	code, same, errs := run("backtest", at("a,b.csv"), at("c.csv"), at("d.csv"))
	if code != cli.ExitOK || same != out {
		t.Errorf("without --input: got %d, %s, want the same rows", code, errs)
	}
}

// A budget of a hundred alarms a week calls odd what a small one does not, by
// flag and by configuration alike.
func TestBacktest_Budget_MovesTheThreshold(t *testing.T) {
	dir := files(t, "pay.csv", learnable(), "tocsin.yml", "detector: {budget: 100}\n")
	in := filepath.Join(dir, "pay.csv")
	explain := func(args ...string) string {
		t.Helper()
		code, out, errs := run(append([]string{"backtest", "--input", in, "--explain=1700004485"}, args...)...)
		if code != cli.ExitOK {
			t.Fatalf("%v: got %d, %s", args, code, errs)
		}
		return out
	}
	for want, args := range map[string][]string{
		"a budget of 1 false alarm a week":     nil,
		"a budget of 0.01 false alarms a week": {"--budget=0.01"},
		"a budget of 100 false alarms a week":  {"--config.file=" + filepath.Join(dir, "tocsin.yml")},
		"a budget of 2 false alarms a week":    {"--budget=2", "--config.file=" + filepath.Join(dir, "tocsin.yml")},
	} {
		if got := explain(args...); !strings.Contains(got, want) {
			t.Errorf("%v: got\n%s", args, got)
		}
	}
}

func TestBacktest_WrongUse(t *testing.T) {
	dir := files(t, "pay.csv", learnable())
	in := "--input=" + filepath.Join(dir, "pay.csv")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{nil, cli.ExitUsage, "--input"},
		{[]string{in, "--storage.path=" + dir}, cli.ExitUsage, "want one of"},
		{[]string{in, "--match=up"}, cli.ExitUsage, "of a file every line is judged"},
		{[]string{"--storage.path=" + dir, "--match={"}, cli.ExitUsage, `series selector "{"`},
		{[]string{"--storage.path=" + dir, "--from=soon"}, cli.ExitUsage, "--from: "},
		{[]string{"--storage.path=" + dir, "--from=1h", "--to=2h"}, cli.ExitUsage, "want --from before --to"},
		{[]string{"--storage.path=" + dir}, cli.ExitFailed, "no sample store in"},
		{[]string{"--prometheus=prometheus:9090"}, cli.ExitUsage, "url: "},
		{[]string{"--prometheus=http://127.0.0.1:1", "--prometheus.step=1ms"}, cli.ExitUsage, "step: "},
		{[]string{"--prometheus=http://127.0.0.1:1", "--prometheus.timeout=soon"}, cli.ExitUsage, "backtest: --prometheus.timeout: want a duration such as \"5m\", got \"soon\"\n"},
		{[]string{"--prometheus=http://127.0.0.1:1", "--prometheus.step=often"}, cli.ExitUsage, "backtest: --prometheus.step: want a duration such as \"5m\", got \"often\"\n"},
		{[]string{"--prometheus=http://u:secret@127.0.0.1:1"}, cli.ExitFailed, "remote server http://127.0.0.1:1: read {__name__=~"},
		{[]string{in, "--budget=0"}, cli.ExitUsage, "--budget: want a number from 0.001 to 100, got 0"},
		{[]string{in, "--no-share", "--budget=2"}, cli.ExitUsage, "--no-share goes with --input, and not with --budget"},
		{[]string{"--storage.path=" + dir, "--no-share"}, cli.ExitUsage, "--no-share goes with --input"},
		{[]string{in, "--format=xml"}, cli.ExitUsage, "format"},
		{[]string{in, "--explain=1700000000", "--format=jsonl"}, cli.ExitUsage, "--format is about rows"},
		{[]string{"--storage.path=" + dir, "--value-column=v"}, cli.ExitUsage, "go with --input"},
		{[]string{"--prometheus=http://127.0.0.1:1", "--time-column=t"}, cli.ExitUsage, "go with --input"},
		{[]string{in, "--explain=noon"}, cli.ExitUsage, "--explain: want a time"},
		{[]string{in, "--explain=1700000001"}, cli.ExitFailed, "no row at"},
		{[]string{in, "--output=/nowhere/x.csv"}, cli.ExitFailed, "backtest: --output: no file can be made beside /nowhere/x.csv, where rows wait until they are whole: no such file or directory; "},
		{[]string{in, "--config.file=/nowhere/x.yml"}, cli.ExitFailed, "/nowhere"},
		{[]string{"--input=/nowhere/x.csv"}, cli.ExitFailed, "/nowhere/x.csv"},
	} {
		code, _, errs := run(append([]string{"backtest"}, tt.args...)...)
		if code != tt.code || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: got %d, %s; want %d, %q", tt.args, code, errs, tt.code, tt.want)
		}
	}
}

// A server that has no remote read is asked once for all series, whose rows come in the
// order of time.
func TestBacktest_Server_OneRowForEachSample(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/query":
			asked++
			if got := r.FormValue("query"); got != `{job="api",zone=~"a|b"}[100001ms]` {
				t.Errorf("got query %s", got)
			}
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[
				{"metric":{"__name__":"up","job":"b"},"values":[[1700000000,"3"]]},
				{"metric":{"__name__":"up","job":"a"},"values":[[1700000000,"1"],[1700000015.5,"2"]]}]}}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	code, out, errs := run("backtest", "--prometheus", s.URL, `--match={job="api",zone=~"a|b"}`, "--from=1700000000", "--to=1700000100")
	lines := strings.Split(out, "\n")
	if code != cli.ExitOK || len(lines) != 5 || asked != 1 || !strings.HasPrefix(lines[0], "series,timestamp,") {
		t.Fatalf("got %d, %d questions\n%s\n%s", code, asked, out, errs)
	}
	for i, want := range []string{`"{__name__=""up"", job=""a""}",2023-11-14T22:13:20Z,1,`, `"{__name__=""up"", job=""b""}",2023-11-14T22:13:20Z,3,`, `"{__name__=""up"", job=""a""}",2023-11-14T22:13:35.5Z,2,`} {
		if !strings.HasPrefix(lines[i+1], want) {
			t.Errorf("row %d: got %s, want %s", i+1, lines[i+1], want)
		}
	}
	if !strings.Contains(errs, "2 series, 3 rows, 0 anomalous, 0 alarms of 2 services") {
		t.Errorf("got %s", errs)
	}
}
