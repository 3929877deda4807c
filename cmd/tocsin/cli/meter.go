package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// meter shows how far a long command has come: a bar that is drawn over when w
// is a terminal, else a line every few seconds.
type meter struct {
	all  int    // units of the whole input; 0 when not known
	noun string // what rows are; "rows" when empty
	unit string // what units are; "series" when empty

	doing atomic.Pointer[string] // shown in front
	size  atomic.Int64           // of the whole input, in bytes or milliseconds; 0 when not known
	read  atomic.Int64           // of it
	units atomic.Int64
	rows  atomic.Int64
}

const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 5 * time.Second
	barWidth  = 30
)

// show shows until stop is called, which also removes the bar.
func (m *meter) show(w io.Writer) (stop func()) {
	every, terminal := lineEvery, isTerminal(w)
	if terminal {
		every = barEvery
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				if terminal {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case <-tick.C:
			}
			if terminal {
				fmt.Fprint(w, "\r\x1b[K", m.bar(), " ", m.line())
			} else {
				fmt.Fprintln(w, m.line())
			}
		}
	}()
	return func() { close(quit); <-done }
}

// part returns how much is done, 0 to 1, and whether that is known.
func (m *meter) part() (float64, bool) {
	size := m.size.Load()
	switch {
	case size > 0:
		return min(1, float64(m.read.Load())/float64(size)), true
	case m.all > 1: // of one thing alone nothing is done before all is
		return min(1, float64(m.units.Load())/float64(m.all)), true
	}
	return 0, false
}

func (m *meter) bar() string {
	part, known := m.part()
	if !known {
		return ""
	}
	full := int(part * barWidth)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "]"
}

func (m *meter) line() string {
	s := fmt.Sprintf("%d %s, %d %s", m.rows.Load(), cmp.Or(m.noun, "rows"), m.units.Load(), cmp.Or(m.unit, "series"))
	if m.all > 0 {
		s += fmt.Sprintf(" of %d", m.all)
	}
	if doing := m.doing.Load(); doing != nil {
		s = *doing + ": " + s
	}
	if part, known := m.part(); known {
		s = fmt.Sprintf("%3.0f %%, ", 100*part) + s
	}
	return s
}

// isTerminal tells whether w is a character device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	have, err := f.Stat()
	return err == nil && have.Mode()&os.ModeCharDevice != 0
}
