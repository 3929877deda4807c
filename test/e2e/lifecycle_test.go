//go:build linux

package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopsInOrder ends the daemon as systemd does.
func stopsInOrder(t *testing.T, d *daemon) {
	t.Helper()
	d.signal(t, syscall.SIGTERM)
	if code := d.exitCode(t, 10*time.Second); code != 0 {
		t.Errorf("exit code=%d after SIGTERM, want 0:\n%s", code, d.tail(20))
	}
	if text := d.text(); strings.Contains(text, "panic:") || strings.Contains(text, "DATA RACE") {
		t.Errorf("the daemon's log has a crash:\n%s", d.tail(60))
	}
}

func TestServe_SIGTERM_StopsInOrderAndKeepsEverything(t *testing.T) {
	d := serve(t)
	now := time.Now()
	if status, text := d.write(timeSeries(at(now, 42), "__name__", "e2e_kept")); status/100 != 2 {
		t.Fatalf("write: %d %s", status, text)
	}
	stopsInOrder(t, d)
	d.boot(t)
	if v, err := d.number("last_over_time(e2e_kept[10m])"); err != nil || v != 42 {
		t.Errorf("e2e_kept=%g, %v, want 42 after the restart", v, err)
	}
	stopsInOrder(t, d)
}

func TestServe_SecondOnTheSameFolder_RefusesWithASentence(t *testing.T) {
	d := serve(t)
	second := start(t, tocsin, "serve", "--web.listen-address="+freeAddress(t), "--storage.path="+d.dir)
	if code := second.exitCode(t, 15*time.Second); code != 1 {
		t.Errorf("exit code=%d, want 1", code)
	}
	for _, w := range []string{d.dir, "is in use by process " + fmt.Sprint(d.cmd.Process.Pid), "--storage.path"} {
		if !strings.Contains(second.text(), w) {
			t.Errorf("the second instance does not say %q:\n%s", w, second.text())
		}
	}
	if status, text := d.try("GET", "/-/healthy", "", nil); status != http.StatusOK {
		t.Errorf("the first instance after that: %d %s", status, text)
	}
}

func TestServe_AddressInUse_SaysSo(t *testing.T) {
	d := serve(t)
	second := start(t, tocsin, "serve", "--web.listen-address="+d.address, "--storage.path="+t.TempDir())
	if code := second.exitCode(t, 15*time.Second); code != 1 {
		t.Errorf("exit code=%d, want 1", code)
	}
	if !strings.Contains(second.text(), d.address) {
		t.Errorf("it does not name the address:\n%s", second.text())
	}
}

func TestServe_Environment_StandsForFlags(t *testing.T) {
	address, dir := freeAddress(t), t.TempDir()
	p := startWith(t, []string{"TOCSIN_WEB_LISTEN_ADDRESS=" + address, "TOCSIN_STORAGE_PATH=" + dir, "TOCSIN_LOG_FORMAT=json"}, tocsin, "serve")
	waitFor(t, p, "http://"+address+"/-/ready")
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
	if line, _, _ := strings.Cut(p.text(), "\n"); !strings.HasPrefix(line, "{") {
		t.Errorf("first log line %q is not JSON", line)
	}
}

// alertRules is a valid alert file with one rule of the given name.
func alertRules(name string) string {
	return fmt.Sprintf("alerts:\n  - name: %s\n    condition: error_rate > 5%%\n    duration: 5m\n    severity: critical\n", name)
}

// loadedRules returns the names of the alerting rules as the Prometheus API
// lists them.
func loadedRules(d *daemon) (string, error) {
	status, text := d.try("GET", "/api/v1/rules?type=alert", "", nil)
	if status != http.StatusOK {
		return "", fmt.Errorf("GET /api/v1/rules: %d %s", status, text)
	}
	return text, nil
}

func TestReload_GoodIsTaken_BrokenKeepsTheOld(t *testing.T) {
	dir := t.TempDir()
	alerts := writeFile(t, dir, "alerts.yml", alertRules("first_rule"))
	config := writeFile(t, dir, "tocsin.yml", fmt.Sprintf("rules:\n  alert_files: [%q]\n", alerts))
	d := serve(t, "--config.file="+config)
	has := func(name string) func() error {
		return func() error {
			text, err := loadedRules(d)
			if err != nil {
				return err
			}
			if !strings.Contains(text, name) {
				return fmt.Errorf("rule %s is not loaded: %.300s", name, text)
			}
			return nil
		}
	}
	eventually(t, 10*time.Second, "first rule", has("first_rule"))

	writeFile(t, dir, "alerts.yml", alertRules("second_rule"))
	if status, text := d.try("POST", "/-/reload", "", nil); status != http.StatusOK {
		t.Fatalf("POST /-/reload: %d %s", status, text)
	}
	if err := has("second_rule")(); err != nil {
		t.Error(err)
	}
	if has("first_rule")() == nil {
		t.Error("first_rule is still loaded after the reload")
	}

	writeFile(t, dir, "tocsin.yml", fmt.Sprintf("rules:\n  alert_files: [%q]\n  intervall: 5s\n", alerts))
	status, text := d.try("POST", "/-/reload", "", nil)
	sentence(t, "reload of a broken file", status, text, http.StatusBadRequest, "tocsin.yml:3", "intervall", "interval")
	if err := has("second_rule")(); err != nil {
		t.Errorf("after a refused reload: %v", err)
	}
	status, text = d.try("GET", "/metrics", "", nil)
	if status != http.StatusOK || !strings.Contains(text, "tocsin_config_last_reload_successful 0") {
		t.Errorf("tocsin_config_last_reload_successful is not 0 after a refused reload (status %d)", status)
	}

	writeFile(t, dir, "tocsin.yml", fmt.Sprintf("rules:\n  alert_files: [%q]\n", alerts))
	writeFile(t, dir, "alerts.yml", alertRules("third_rule"))
	d.signal(t, syscall.SIGHUP)
	eventually(t, 10*time.Second, "third rule after SIGHUP", has("third_rule"))
	eventually(t, 10*time.Second, "reload counted as successful", func() error {
		if _, text := d.try("GET", "/metrics", "", nil); !strings.Contains(text, "tocsin_config_last_reload_successful 1") {
			return fmt.Errorf("tocsin_config_last_reload_successful is not 1")
		}
		return nil
	})

	writeFile(t, dir, "alerts.yml", "alerts: [")
	d.signal(t, syscall.SIGHUP)
	eventually(t, 10*time.Second, "refusal after SIGHUP", func() error {
		if _, text := d.try("GET", "/metrics", "", nil); !strings.Contains(text, "tocsin_config_last_reload_successful 0") {
			return fmt.Errorf("tocsin_config_last_reload_successful is not 0")
		}
		return nil
	})
	if err := has("third_rule")(); err != nil {
		t.Errorf("after a refused SIGHUP: %v", err)
	}
	if !strings.Contains(d.text(), "alerts.yml:1") {
		t.Errorf("the log does not say what was wrong:\n%s", d.tail(10))
	}
}
