package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

// dayOf is a day of two series up to an hour ago, as OpenMetrics.
func dayOf() string {
	var b strings.Builder
	end := time.Now().Add(-time.Hour).Truncate(time.Minute)
	for _, job := range []string{"a", "b"} {
		for i := range 24 * 60 {
			fmt.Fprintf(&b, "queue_depth{job=%q} %d %d\n", job, i%60, end.Add(-time.Duration(24*60-i)*time.Minute).Unix())
		}
	}
	return b.String() + "# EOF\n"
}

func TestImport_StoppedDaemon_ThenServedAndImportedFrom(t *testing.T) {
	dir := files(t, "day.om", dayOf())
	file, data := filepath.Join(dir, "day.om"), filepath.Join(dir, "data")
	nobody := "--url=127.0.0.1:1"
	code, out, errs := run("import", "openmetrics", file, "--storage.path="+data, nobody, "--dry-run")
	if code != cli.ExitOK || !strings.Contains(out, "would import 2880 samples of 2 series") {
		t.Errorf("dry run: got %d %s%s", code, out, errs)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a dry run made the folder")
	}
	code, out, errs = run("import", "openmetrics", file, "--storage.path="+data, nobody, `--match={job="a"}`, "--label=site=x")
	if code != cli.ExitOK || !strings.Contains(out, "imported 1440 samples of 1 series") || !strings.Contains(out, "at the next start") {
		t.Errorf("got %d %s%s", code, out, errs)
	}
	if code, out, _ = run("import", "openmetrics", file, "--storage.path="+data, nobody, `--match={job="a"}`, "--label=site=x"); code != cli.ExitOK || !strings.Contains(out, "imported before") {
		t.Errorf("again: got %d %s", code, out)
	}
	_, log, end := begin(t, "serve", "--web.listen-address=127.0.0.1:0", "--storage.path="+data)
	url := log.waitFor(t, `msg=ready url=http://127\.0\.0\.1:\d+`)
	url = url[strings.Index(url, "http"):]
	// It is a server to import from, too, that has no remote read.
	second := filepath.Join(dir, "second")
	code, out, errs = run("import", "prometheus", url, "--storage.path="+second, nobody, "--from=2d", "--match=queue_depth")
	if code != cli.ExitOK || !strings.Contains(out, "imported 1440 samples of 1 series") {
		t.Errorf("from a server: got %d %s%s", code, out, errs)
	}
	third := filepath.Join(dir, "third")
	if code, out, errs = run("import", "blocks", data, "--storage.path="+third, nobody, "--match=queue_depth"); code != cli.ExitOK || !strings.Contains(out, "imported 1440 samples of 1 series") {
		t.Errorf("from a folder that is in use: got %d %s%s", code, out, errs)
	}
	code, _, errs = run("import", "openmetrics", file, "--storage.path="+data, nobody)
	if code != cli.ExitFailed || !strings.Contains(errs, "is in use by process") || !strings.Contains(errs, "--url") {
		t.Errorf("a daemon that is not found: got %d %s", code, errs)
	}
	code, out, errs = run("import", "openmetrics", file, "--storage.path="+data, "--url="+url, "--no-wait")
	if code != cli.ExitOK || !strings.Contains(out, "imported 2880 samples of 2 series") {
		t.Errorf("a running daemon: got %d %s%s", code, out, errs)
	}
	if code, _, errs = run("import", "openmetrics", file, "--storage.path="+filepath.Join(dir, "elsewhere"), "--url="+url); code != cli.ExitOK {
		t.Errorf("a folder without a daemon, beside one with another: got %d %s", code, errs)
	}
	if code := end(syscall.SIGTERM); code != cli.ExitOK {
		t.Errorf("serve: got %d", code)
	}
}

func TestImport_Refused(t *testing.T) {
	old := "a 1 100\n# EOF\n"
	dir := files(t, "old.om", old, "cut.om", "a 1 100\n", "day.om", dayOf())
	in := func(name string) string { return filepath.Join(dir, name) }
	data := "--storage.path=" + filepath.Join(dir, "data")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"openmetrics", in("old.om")}, cli.ExitFailed, "left out: 1 sample is older than the retention of 15d"},
		{[]string{"openmetrics", in("cut.om")}, cli.ExitFailed, "cut.om:1: want # EOF"},
		{[]string{"openmetrics", in("day.om"), "--format=prometheus"}, cli.ExitFailed, "left out: 2880 samples are older"}, // seconds taken for milliseconds
		{[]string{"openmetrics", in("day.om"), "--from=1d", "--to=2d"}, cli.ExitUsage, "want --from before --to"},
		{[]string{"openmetrics", in("day.om"), "--match={"}, cli.ExitUsage, "series selector"},
		{[]string{"openmetrics", in("day.om"), "--label=__name__=x"}, cli.ExitUsage, "--label: want the name of a label"},
		{[]string{"openmetrics", in("none.om")}, cli.ExitFailed, "no such file"},
		{[]string{"blocks", dir}, cli.ExitFailed, "no blocks in"},
		{[]string{"prometheus", "nowhere"}, cli.ExitUsage, "want the address of a server"},
		{[]string{"prometheus", "http://127.0.0.1:1", "--prometheus.timeout=1s"}, cli.ExitFailed, "connection refused"},
		{[]string{"prometheus", "http://127.0.0.1:1", "--prometheus.step=x"}, cli.ExitUsage, "--prometheus.step"},
	} {
		code, out, errs := run(append(append([]string{"import"}, tt.args...), data, "--url=127.0.0.1:1")...)
		if code != tt.code || !strings.Contains(out+errs, tt.want) {
			t.Errorf("%v: got %d %s%s, want %d %s", tt.args, code, out, errs, tt.code, tt.want)
		}
	}
}

func TestImport_OneOfEach_IsCountedAsOne(t *testing.T) {
	at := time.Now().Add(-24 * time.Hour).Unix()
	dir := files(t, "one.om", fmt.Sprintf("queue_depth{job=\"a\"} 1 %d\nqueue_depth{job=\"b\"} 1 %d\n# EOF\n", at, at))
	args := []string{"import", "openmetrics", filepath.Join(dir, "one.om"), "--storage.path=" + filepath.Join(dir, "data"), "--url=127.0.0.1:1", `--match={job="a"}`}
	code, out, errs := run(args...)
	for _, want := range []string{"imported 1 sample of 1 series", " in 1 range of ", "left out: 1 stretch of a series matches no --match\n"} {
		if code != cli.ExitOK || !strings.Contains(out, want) {
			t.Errorf("got %d, want %q in\n%s%s", code, want, out, errs)
		}
	}
}
