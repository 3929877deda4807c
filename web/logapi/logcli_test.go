package logapi_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "record what the program that LOGCLI names asks and is answered")

// logcliRun is one run of Loki's own client: what it was told, what it asked, what it
// was answered and what it then printed.
type logcliRun struct {
	Args    []string   `json:"args"`
	Asked   []exchange `json:"asked"`
	Printed string     `json:"printed"`
}

type exchange struct {
	Method string `json:"method"`
	URI    string `json:"uri"`
	Status int    `json:"status"`
	Answer string `json:"answer"`
}

const logcliFile = "testdata/logcli-1.6.1.json"

// logcliCases are runs and what a person wants to read after them.
var logcliCases = []struct {
	args []string
	want string
	late bool // no command of logcli 1.6.1, with which the file was recorded
}{
	{[]string{"query", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", "-o", "raw", "--forward", `{service_name="pay"} |= "took"`}, "took 5 ms\ntook 7 ms", false},
	{[]string{"query", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", "-o", "jsonl", `{service_name="cart"} | json`}, `"line":"{\"a\":1`, false},
	{[]string{"query", "--from", "2026-11-25T12:00:00Z", "--to", "2026-11-25T12:01:00Z", "--step", "60s", `sum(count_over_time({pod=~".+"}[1m]))`}, `"values":[[1795608000,"1"],[1795608060,"3"]]`, false},
	{[]string{"instant-query", "--now", "2026-11-25T12:01:00Z", `sum by (service_name) (count_over_time({pod=~".+"}[1m]))`}, `"pay"},"value":[1795608060,"2"]`, false},
	{[]string{"labels", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z"}, "pod\nservice_name", false},
	{[]string{"labels", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", "service_name"}, "cart\npay", false},
	{[]string{"series", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", `{service_name="pay"}`}, `{pod="pay-1", service_name="pay"}`, false},
	{[]string{"series", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", "--analyze-labels", `{}`}, "Unique Values", false},
	{[]string{"stats", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", `{service_name="pay"}`}, "entries: 3", true},
	{[]string{"volume", "--from", "2026-11-25T11:00:00Z", "--to", "2026-11-25T13:00:00Z", `{service_name=~".+"}`}, `"service_name": "pay"`, true},
	{[]string{"volume_range", "--from", "2026-11-25T12:00:00Z", "--to", "2026-11-25T12:01:00Z", "--step", "30s", `{service_name=~".+"}`}, `"values"`, true},
}

// templateID is another one in each run: the stand-in for the miner is seeded.
var templateID = regexp.MustCompile(`"template\\?":\\?"[0-9a-f]{16}`)

func settled(text string) string {
	text = templateID.ReplaceAllString(text, `"template":"T`)
	var v map[string]any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	if d, ok := v["data"].(map[string]any); ok {
		delete(d, "stats")
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return string(out)
}

// TestLogcli_RecordedQuestions_AreAnsweredAsBefore puts what logcli asked to the API. The
// answers are those from which it printed what it should.
func TestLogcli_RecordedQuestions_AreAnsweredAsBefore(t *testing.T) {
	if *rewrite {
		record(t)
	}
	raw, err := os.ReadFile(logcliFile)
	if err != nil {
		t.Fatal(err)
	}
	var runs []logcliRun
	if err := json.Unmarshal(raw, &runs); err != nil || len(runs) == 0 {
		t.Fatal(len(runs), err)
	}
	f := serve(t)
	for _, r := range runs {
		for _, x := range r.Asked {
			req, err := http.NewRequest(x.Method, f.url+x.URI, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if got := settled(string(body)); res.StatusCode != x.Status || got != x.Answer {
				t.Errorf("logcli %s asks %s: got %d\n%s\nwant %d\n%s", r.Args, x.URI, res.StatusCode, got, x.Status, x.Answer)
			}
		}
	}
}

// record runs the program that LOGCLI names and keeps what is said.
func record(t *testing.T) {
	var runs []logcliRun
	f := serve(t)
	for _, c := range logcliCases {
		if c.late {
			continue
		}
		run := logcliRun{Args: c.args}
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			req, err := http.NewRequest(r.Method, f.url+r.URL.RequestURI(), r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			run.Asked = append(run.Asked, exchange{r.Method, r.URL.RequestURI(), res.StatusCode, settled(string(body))})
			w.WriteHeader(res.StatusCode)
			_, _ = w.Write(body)
		}))
		out, err := logcli(front.URL, c.args)
		front.Close()
		checkPrinted(t, c.args, out, err, c.want)
		run.Printed = templateID.ReplaceAllString(out, `"template":"T`)
		runs = append(runs, run)
	}
	raw, err := json.MarshalIndent(runs, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(logcliFile, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func logcli(address string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv("LOGCLI"), append([]string{"--addr", address, "-q"}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func checkPrinted(t *testing.T, args []string, out string, err error, want string) {
	t.Helper()
	squeeze := strings.NewReplacer(" ", "", "\n", "", "\t", "")
	if err != nil || !strings.Contains(squeeze.Replace(out), squeeze.Replace(want)) {
		t.Errorf("logcli %s: got %v\n%s\nwant %s", args, err, out, want)
	}
}

// TestLogcli_Recorded_PrintedWhatIsWanted holds the recording to what it is for; if LOGCLI
// names a logcli, that one is run as well.
func TestLogcli_Recorded_PrintedWhatIsWanted(t *testing.T) {
	raw, err := os.ReadFile(logcliFile)
	if err != nil {
		t.Fatal(err)
	}
	var runs []logcliRun
	if err := json.Unmarshal(raw, &runs); err != nil {
		t.Fatal(err)
	}
	printed := map[string]string{}
	for _, r := range runs {
		printed[fmt.Sprint(r.Args)] = r.Printed
	}
	live := os.Getenv("LOGCLI") != ""
	var f *fixture
	if live {
		f = serve(t)
	}
	for _, c := range logcliCases {
		if !c.late {
			checkPrinted(t, c.args, printed[fmt.Sprint(c.args)], nil, c.want)
		}
		if live && !(c.late && oldLogcli()) {
			out, err := logcli(f.url, c.args)
			checkPrinted(t, c.args, out, err, c.want)
		}
	}
}

// oldLogcli says whether the program that LOGCLI names lacks the late commands.
func oldLogcli() bool {
	out, _ := exec.Command(os.Getenv("LOGCLI"), "--help").CombinedOutput()
	return !strings.Contains(string(out), "volume")
}
