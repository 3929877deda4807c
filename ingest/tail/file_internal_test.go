package tail

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// FuzzRecords cuts a text into records as it grows, whatever the pieces, and wants every
// line of it once.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("one\nERROR x\n\tat a.B(c)\nthree\n\nfour"), 5, 100)
	f.Add([]byte("panic: x\n\ngoroutine 1 [running]:\nmain.main()\n"), 3, 10)
	f.Fuzz(func(t *testing.T, text []byte, step, room int) {
		step, room = max(1, step%64), max(300, room%4096)
		const most = 200
		now := time.Unix(0, 0)
		x := &file{group: &Files{}, grown: now, gone: true}
		var got []string
		yield := func(b []byte) { got = append(got, string(b)) }
		for rounds := 0; x.offset < int64(len(text)); rounds++ {
			if rounds > 4*len(text)+100 {
				t.Fatalf("no end at %d of %d", x.offset, len(text))
			}
			if x.size < int64(len(text)) {
				x.size = min(x.size+int64(step), int64(len(text)))
				x.grown = now
			}
			now = now.Add(400 * time.Millisecond)
			b := text[x.offset:x.size]
			b = b[:min(len(b), room)]
			x.offset += int64(x.records(b, int64(len(b)) < x.size-x.offset, most, now, yield))
		}
		for _, l := range bytes.Split(text, []byte("\n")) {
			if len(l) > most {
				return // what is cut is not compared
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\n", ""), "\r", "") }
		if a, b := squeeze(strings.Join(got, "")), squeeze(string(text)); a != b {
			t.Errorf("got %q, want %q", a, b)
		}
	})
}
