package app

import (
	"context"
	"strconv"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// tell sends a state to the service manager; without one it does nothing.
func (a *App) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		a.log.Warn("service manager was not told", "state", state, "error", err)
	}
}

func (a *App) notifyReady() {
	a.tell(daemon.SdNotifyReady + "\nSTATUS=ready at " + a.URL())
}

// notifyReloading also sends the monotonic time, which Type=notify-reload needs
// to tell this reload from an older one.
func (a *App) notifyReloading() {
	a.tell(daemon.SdNotifyReloading + "\nMONOTONIC_USEC=" + monotonicMicros() + "\nSTATUS=reloading")
}

func (a *App) notifyStopping() {
	a.tell(daemon.SdNotifyStopping + "\nSTATUS=stopping")
}

// hungAfter is the age of the clock loop's last turn at which the daemon counts
// as hung. A turn that ranks many incidents anew takes seconds.
const hungAfter = 2 * time.Minute

// alive says whether the clock loop, which asks the state database at every
// turn, still moves at the given time.
func (a *App) alive(now time.Time) bool {
	return now.UnixMilli()-a.moved.Load() < hungAfter.Milliseconds()
}

// systemdLoop pats the watchdog while the clock loop moves, so that a process
// that hangs is restarted by its manager.
func (a *App) systemdLoop(ctx context.Context) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		a.log.Warn("watchdog of the service manager is not used", "error", err)
	}
	if err != nil || every == 0 {
		<-ctx.Done()
		return nil
	}
	a.moved.CompareAndSwap(0, time.Now().UnixMilli()) // its first turn is still to come
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if a.alive(time.Now()) {
				a.tell(daemon.SdNotifyWatchdog)
			} else {
				a.log.Error("the clock loop hangs; the service manager is left to restart the daemon", "since", time.UnixMilli(a.moved.Load()))
			}
		}
	}
}

func monotonicMicros() string {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return "0"
	}
	return strconv.FormatInt(ts.Nano()/1000, 10)
}
