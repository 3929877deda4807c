package app_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// manager is a service manager that listens where NOTIFY_SOCKET says.
func manager(t *testing.T) *text {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	got, ended := new(text), make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			got.Write(append(b[:n:n], "\n--\n"...))
		}
	}()
	t.Cleanup(func() { c.Close(); <-ended })
	return got
}

func TestServiceManager_IsToldOfEveryState(t *testing.T) {
	got := manager(t)
	t.Setenv("WATCHDOG_USEC", "40000")
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", noAlerts)
	if err := d.app.Reload(t.Context()); err == nil {
		t.Error("a reload before the start: got no error")
	}
	if got.String() != "" {
		t.Errorf("told before the daemon is ready: %q", got)
	}
	d.start()
	d.eventually("READY", func() bool { return strings.Contains(got.String(), "READY=1\nSTATUS=ready at "+d.app.URL()) })
	d.eventually("WATCHDOG", func() bool { return strings.Count(got.String(), "WATCHDOG=1") > 1 })
	d.reload(200)
	d.eventually("RELOADING and READY", func() bool {
		_, after, ok := strings.Cut(got.String(), "RELOADING=1\nMONOTONIC_USEC=")
		return ok && after[0] >= '1' && after[0] <= '9' && strings.Contains(after, "READY=1")
	})
	d.stop()
	d.eventually("STOPPING", func() bool { return strings.Contains(got.String(), "STOPPING=1") })
}

func TestServiceManager_WrongWatchdog_IsSaid(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "soon")
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	d := newDaemon(t).start()
	d.eventually("the log says so", func() bool {
		return strings.Contains(d.log.String(), "watchdog of the service manager is not used") && strings.Contains(d.log.String(), "service manager was not told")
	})
	d.stop()
}
