package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMeter_NoTerminal_OneLineInFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := &meter{all: 2}
		m.size.Store(200)
		stop := m.show(&out)
		m.read.Store(50)
		m.rows.Store(7)
		time.Sleep(11 * time.Second)
		stop()
		if got := out.String(); got != strings.Repeat(" 25 %, 7 rows, 0 series of 2\n", 2) {
			t.Errorf("got %q", got)
		}
	})
}

func TestMeter_Bar(t *testing.T) {
	m := &meter{all: 4}
	m.units.Store(1)
	if got := m.bar(); got != "[#######.......................]" {
		t.Errorf("got %s", got)
	}
	if got := new(meter).bar(); got != "" {
		t.Errorf("nothing known: got %q", got)
	}
	pipe := &meter{all: 1} // of which nobody knows how much will come
	pipe.rows.Store(7)
	if got := pipe.bar() + pipe.line(); got != "7 rows, 0 series of 1" {
		t.Errorf("a pipe: got %q", got)
	}
}
