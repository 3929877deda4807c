package remote_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// realVictoria returns the address of a VictoriaLogs: that which VICTORIALOGS names, which
// must be empty, or in CI one that is built and started for the test. Elsewhere "".
func realVictoria(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("VICTORIALOGS"); url != "" || os.Getenv("CI") != "true" {
		return url
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "victoria-logs")
	build := exec.Command("go", "-C", "testdata/victorialogs", "build", "-mod=readonly", "-o", program, "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs")
	build.Env = append(os.Environ(), "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build VictoriaLogs: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	cmd := exec.Command(program, "-storageDataPath="+filepath.Join(dir, "data"), "-httpListenAddr="+address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		res, err := http.Get("http://" + address + "/health")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return "http://" + address
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("VictoriaLogs does not start: %v", err)
		}
		<-time.After(50 * time.Millisecond)
	}
}
