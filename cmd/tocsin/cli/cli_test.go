package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

// run calls the program and returns its exit code and what it printed.
func run(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Run(args, &out, &errs)
	return code, out.String(), errs.String()
}

// parse reads a command line without running it.
func parse(t *testing.T, args ...string) (cli.Program, string) {
	t.Helper()
	var p cli.Program
	parser, err := cli.NewParser(&p, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return p, ctx.Command()
}

// files writes files into a new folder and returns it.
func files(t *testing.T, namesAndBodies ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(namesAndBodies); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, namesAndBodies[i]), []byte(namesAndBodies[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestParse_EveryCommand_TakesItsFlags(t *testing.T) {
	dir := files(t, "a.yml", "")
	a := filepath.Join(dir, "a.yml")
	for _, tt := range []struct {
		line    string
		command string
	}{
		{"serve --config.file=x.yml --web.listen-address=:1 --storage.path=/d --log.level=debug --log.format=json", "serve"},
		{"demo --web.listen-address=127.0.0.1:0 --log.level=info", "demo"},
		{"check config " + a, "check config <file>"},
		{"check rules --explain " + a + " " + a, "check rules <files>"},
		{"test rules --run=a|b --run=c --diff --debug --junit=x.xml " + a + " " + a, "test rules <files>"},
		{"incident list --state=open --service=pay --limit=3 --json --url=h:1", "incident list"},
		{"incident show I1", "incident show <id>"},
		{"incident ack I1 --actor=oncall --note=x", "incident ack <id>"},
		{"incident resolve I1", "incident resolve <id>"},
		{"backtest --input=" + a + " --input=" + a + " --time-column=t --value-column=v --output=o.csv --format=jsonl --budget=2 --config.file=x.yml --explain=2026-01-05", "backtest"},
		{"backtest --prometheus=http://h:1 --prometheus.bearer-token=t --prometheus.ca-file=" + a + " --prometheus.timeout=5s --match={a=\"b\"} --match=up --from=30d --to=1d", "backtest"},
		{"backtest --storage.path=d", "backtest"},
		{"backtest --rules=" + a + " --rules=" + a + " --store=d --from=30d --against=" + a + " --format=text --config.file=x.yml", "backtest"},
		{"import openmetrics --storage.path=d --url=h:1 --config.file=x.yml --match={a=\"b\"} --match=up --label=a=b --label=c=d --from=30d --to=1d --max-block-duration=18h --dry-run --again --no-wait --format=prometheus - " + a, "import openmetrics <file>"},
		{"import blocks " + dir, "import blocks <folder>"},
		{"import prometheus http://h:1 --prometheus.bearer-token=t --prometheus.ca-file=" + a + " --prometheus.timeout=5s --prometheus.step=15s", "import prometheus <server>"},
		{"change record --service=pay --kind=flag --environment=prod --version-from=1 --version-to=2 --status=failed --started=2026-01-05T00:00:00Z --finished=2026-01-05T00:01:00Z --author=oncall --link=http://x --summary=s --label team=shop --label a=b --id=i", "change record"},
		{"change list --since=1h --kind=flag", "change list"},
		{"rules log --alert=a --service=b --since=30d --limit=5 --json --url=h:1", "rules log"},
		{"rules pages", "rules pages"},
		{"rules shadow", "rules shadow"},
		{"version", "version"},
	} {
		if _, got := parse(t, strings.Fields(tt.line)...); got != tt.command {
			t.Errorf("%s: got command %q, want %q", tt.line, got, tt.command)
		}
	}
}

func TestParse_Serve_FlagBeforeEnvironmentBeforeDefault(t *testing.T) {
	p, _ := parse(t, "serve")
	if p.Serve.ListenAddress != "127.0.0.1:9099" || p.Serve.StoragePath != "data" || p.Serve.ConfigFile != "" || p.Serve.Level != "info" || p.Serve.Format != "logfmt" {
		t.Errorf("defaults: got %+v", p.Serve)
	}
	t.Setenv("TOCSIN_CONFIG_FILE", "env.yml")
	t.Setenv("TOCSIN_WEB_LISTEN_ADDRESS", "127.0.0.1:7")
	t.Setenv("TOCSIN_STORAGE_PATH", "/env")
	t.Setenv("TOCSIN_LOG_LEVEL", "warn")
	t.Setenv("TOCSIN_LOG_FORMAT", "json")
	t.Setenv("TOCSIN_URL", "http://env:1")
	p, _ = parse(t, "serve", "--storage.path=/flag")
	if p.Serve.ConfigFile != "env.yml" || p.Serve.ListenAddress != "127.0.0.1:7" || p.Serve.Level != "warn" || p.Serve.Format != "json" {
		t.Errorf("environment: got %+v", p.Serve)
	}
	if p.Serve.StoragePath != "/flag" {
		t.Errorf("a flag beside its variable: got %q, want the flag's value", p.Serve.StoragePath)
	}
	if p, _ := parse(t, "incident", "list"); p.Incident.List.URL != "http://env:1" || p.Incident.List.State != "all" || p.Incident.List.Limit != 50 {
		t.Errorf("incident list: got %+v", p.Incident.List)
	}
}

func TestRun_ExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		code int
		out  string // in what goes to standard output
		err  string // in what goes to standard error
	}{
		{"version", []string{"version"}, cli.ExitOK, "tocsin dev", ""},
		{"help", []string{"--help"}, cli.ExitOK, "incident", ""},
		{"help of a command", []string{"serve", "--help"}, cli.ExitOK, "--storage.path", ""},
		{"no command", nil, cli.ExitUsage, "", "--help"},
		{"unknown command", []string{"srve"}, cli.ExitUsage, "", "srve"},
		{"unknown flag", []string{"serve", "--port=1"}, cli.ExitUsage, "", "--port"},
		{"not among the values", []string{"serve", "--log.level=loud"}, cli.ExitUsage, "", "log.level"},
		{"missing argument", []string{"incident", "show"}, cli.ExitUsage, "", "<id>"},
		{"missing flag", []string{"change", "record"}, cli.ExitUsage, "", "--service"},
		{"time that is none", []string{"change", "record", "--service=x", "--started=now"}, cli.ExitUsage, "", "started"},
		{"no time", []string{"backtest", "--explain", ""}, cli.ExitUsage, "", "--explain: want a value"},
		{"no service", []string{"incident", "list", "--service=", "--url=127.0.0.1:1"}, cli.ExitUsage, "", "--service: want a value"},
		{"no file", []string{"backtest", "--output="}, cli.ExitUsage, "", "--output: want a value"},
		{"no selector", []string{"backtest", "--match", ""}, cli.ExitUsage, "", "--match: want a value"},
		{"no comment", []string{"silence", "add", "-c", "", "job=api"}, cli.ExitUsage, "", "-c: want a value"},
		{"behind the flags", []string{"explain", "--url=127.0.0.1:1", "--", ""}, cli.ExitFailed, "", "127.0.0.1:1"},
		{"author that is not known", []string{"change", "record", "--service=x", "--author=", "--url=127.0.0.1:1"}, cli.ExitFailed, "", "127.0.0.1:1"},
		{"no daemon", []string{"incident", "list", "--url=127.0.0.1:1"}, cli.ExitFailed, "", "127.0.0.1:1"},
		{"address that is none", []string{"change", "list", "--url=ftp://x"}, cli.ExitFailed, "", "want host:port"},
		{"configuration that is not there", []string{"serve", "--config.file=/nowhere/x.yml"}, cli.ExitFailed, "", "/nowhere/x.yml"},
		{"check of what is not there", []string{"check", "config", "/nowhere/x.yml"}, cli.ExitFailed, "", "/nowhere/x.yml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := run(tt.args...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.err) {
				t.Errorf("got %d\nstdout: %s\nstderr: %s\nwant %d, %q, %q", code, out, errs, tt.code, tt.out, tt.err)
			}
			if tt.code == cli.ExitOK && errs != "" {
				t.Errorf("got %q on standard error, want nothing", errs)
			}
		})
	}
}

func TestCheckConfig_FiveErrors_AllWithFileAndLine(t *testing.T) {
	dir := files(t, "tocsin.yml", `web:
  max_connections: 0
storage:
  retention: soon
notfiy: {}
detector:
  budget: -1
notify:
  channels:
    - name: Slack!
      console: {}
`)
	code, out, errs := run("check", "config", filepath.Join(dir, "tocsin.yml"))
	if code != cli.ExitFailed || out != "" {
		t.Errorf("got %d and %q on standard output", code, out)
	}
	for _, want := range []string{
		"tocsin.yml:2: web.max_connections", "tocsin.yml:4: storage.retention", "tocsin.yml:5: notfiy", "tocsin.yml:7: detector.budget", "tocsin.yml:10: ",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("got\n%s\nwant %q in it", errs, want)
		}
	}
	if n := strings.Count(strings.TrimSpace(errs), "\n") + 1; n != 5 {
		t.Errorf("got %d lines for 5 errors:\n%s", n, errs)
	}
}

func TestCheckConfig_Good_WithWarningsAndItsRuleFiles(t *testing.T) {
	alert := "alerts:\n  - name: high\n    condition: error_rate > 5%\n    severity: critical\n    channels: [pagerduty]\n"
	dir := files(t, "tocsin.yml", "rules: {alert_files: [alerts.yml]}\n", "alerts.yml", alert)
	file := filepath.Join(dir, "tocsin.yml")
	code, out, errs := run("check", "config", file)
	if code != cli.ExitOK || errs != "" || !strings.Contains(out, "tocsin.yml: ok") || !strings.Contains(out, "warning: ") || !strings.Contains(out, "pagerduty") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "alerts.yml"), []byte(strings.Replace(alert, "error_rate", "eror_rate", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs = run("check", "config", file)
	if code != cli.ExitFailed || !strings.Contains(errs, "alerts.yml:3") || !strings.Contains(errs, "error_rate") {
		t.Errorf("a wrong rule file: got %d\n%s", code, errs)
	}
}

func TestCheckConfig_ScrapeJobs_AreCheckedWithTheirLines(t *testing.T) {
	dir := files(t, "tocsin.yml", "scrape: {config_files: [prometheus.yml]}\nscrape_configs: [{job_name: own}]\n",
		"prometheus.yml", "rule_files: [x.yml]\nscrape_configs:\n  - job_name: node\n    scrape_interval: 5s\n")
	file := filepath.Join(dir, "tocsin.yml")
	code, out, errs := run("check", "config", file)
	if code != cli.ExitOK || !strings.Contains(out, "not used is rule_files") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte("scrape_configs:\n  - job_name: node\n    scrape_intervall: 5s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs = run("check", "config", file)
	if code != cli.ExitFailed || !strings.Contains(errs, filepath.Join(dir, "prometheus.yml")+":3") || !strings.Contains(errs, `unknown field "scrape_intervall"`) {
		t.Errorf("a wrong job: got %d\n%s", code, errs)
	}
}

func TestCheckRules_EverySort(t *testing.T) {
	dir := files(t,
		"alerts.yml", "alerts:\n  - name: high\n    condition: error_rate > 5%\n    duration: 5m\n    severity: critical\n",
		"rules.yml", "groups:\n  - name: g\n    rules:\n      - alert: Down\n        expr: up == 0\n",
		"signals.yml", "signals:\n  - name: queue_depth\n    unit: \"\"\n    bad: up\n    help: Waiting jobs.\n    variants:\n      - library: ours\n        gauge: jobs_waiting\n",
		"both.yml", "alerts: []\ngroups: []\n",
		"other.yml", "route: {}\n",
		"broken.yml", "alerts: [\n",
		"expr.yml", "groups:\n  - name: g\n    rules:\n      - alert: Down\n        expr: up ==\n",
	)
	path := func(n string) string { return filepath.Join(dir, n) }
	code, out, errs := run("check", "rules", "--explain", path("alerts.yml"), path("rules.yml"))
	if code != cli.ExitOK || errs != "" {
		t.Fatalf("got %d\n%s\n%s", code, out, errs)
	}
	for _, want := range []string{"alerts.yml: ok", "rules.yml: ok", "high (critical)", "tocsin:error_rate > 0.05", "has held for 5m"} {
		if !strings.Contains(out, want) {
			t.Errorf("got\n%s\nwant %q", out, want)
		}
	}
	if code, out, errs := run("check", "rules", path("signals.yml")); code != cli.ExitOK {
		t.Errorf("signals: got %d\n%s\n%s", code, out, errs)
	}
	code, out, errs = run("check", "rules", path("both.yml"), path("other.yml"), path("broken.yml"), path("expr.yml"), path("none.yml"))
	if code != cli.ExitFailed || out != "" {
		t.Errorf("wrong files: got %d and %q", code, out)
	}
	for _, want := range []string{"both.yml", "other.yml", `"route"`, "broken.yml:1", "expr.yml", "none.yml"} {
		if !strings.Contains(errs, want) {
			t.Errorf("got\n%s\nwant %q: one reading shows everything", errs, want)
		}
	}
}
