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

// FuzzContained reads a container's file as it grows and wants every line once, in the
// order of its stream.
func FuzzContained(f *testing.F) {
	f.Add("OPabc\nEFdef\nOFghi\nEP \nEFx\n", 5, 400)
	f.Add("OFERROR x\nEFone\nOF\tat a.B(c)\nOFend\n", 40, 1000)
	f.Fuzz(func(t *testing.T, script string, step, room int) {
		step, room = max(1, step%256), max(500, room%8192)
		const most = 400
		var text []byte
		var want [2]string
		for l := range strings.SplitSeq(script, "\n") {
			if len(l) < 2 || len(l) > 200 || strings.ContainsAny(l, "\r") {
				continue
			}
			e, tag, stream := 0, "F", "stdout"
			if l[0] == 'E' {
				e, stream = 1, "stderr"
			}
			if l[1] == 'P' {
				tag = "P"
			}
			text = append(text, "2026-11-25T12:00:00Z "+stream+" "+tag+" "+l[2:]+"\n"...)
			want[e] += l[2:]
			if len(want[e]) > most {
				return // what is cut is not compared
			}
		}
		now := time.Unix(0, 0)
		x := &file{group: &Files{}, grown: now, gone: true, wrapping: wrappedCRI}
		var got [2]string
		yield := func(c contained) {
			if c.errors {
				got[1] += string(c.text)
			} else {
				got[0] += string(c.text)
			}
		}
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
			x.offset += int64(x.containedIn(b, int64(len(b)) < x.size-x.offset, most, now, yield))
		}
		squeeze := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\n", ""), "\r", "") }
		for i := range got {
			if a, b := squeeze(got[i]), squeeze(want[i]); a != b {
				t.Errorf("stream %d: got %q, want %q", i, a, b)
			}
		}
	})
}
