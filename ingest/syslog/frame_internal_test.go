package syslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// frames returns the messages of a stream that is read in pieces.
func frames(t testing.TB, from io.Reader, most int) (all []string) {
	t.Helper()
	f := newFramer(from, most, func(int) error { return nil })
	for {
		err := f.fill()
		for {
			m, none := f.next()
			if none != nil {
				break
			}
			all = append(all, string(m))
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return all
		}
		if len(f.buf) > 4*most+4*firstBuffer {
			t.Fatalf("the buffer has grown to %d bytes", len(f.buf))
		}
	}
}

func TestFramer_BothFramings(t *testing.T) {
	for _, tt := range []struct{ name, stream, want string }{
		{"counted", "7 <13>one7 <13>two", "<13>one|<13>two"},
		{"counted, with line feeds inside", "9 <13>a\nb\nc7 <13>two", "<13>a\nb\nc|<13>two"},
		{"counted, each with a line feed behind", "7 <13>one\n7 <13>two\n", "<13>one|<13>two"},
		{"lines", "<13>one\n<13>two\r\n<13>last", "<13>one|<13>two\r|<13>last"},
		{"lines that begin with a number", "12 monkeys\n2026-01-01 text\n5 \n", "12 monkeys|2026-01-01 text|5 "},
		{"NUL between", "<13>one\n\x00<13>two\x00\n", "<13>one|<13>two\x00"},
		{"mixed", "<13>line\n7 <13>one<13>line\n", "<13>line|<13>one|<13>line"},
		{"counted too short", "6 <13>onetwo\n7 <13>two", "<13>onetwo|<13>two"},
		{"counted too long, at the end", "99 <13>one\n<13>two\n", "<13>one|<13>two"},
		{"zero", "0 <13>one\n", "0 <13>one"},
		{"absurd count", "99999999 <13>one\n<13>two\n", "99999999 <13>one|<13>two"},
		{"count with a letter", "12x <13>one\n", "12x <13>one"},
		{"empty", "\n\n\r\n", ""},
		{"cut in a count", "12", "12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, from := range map[string]io.Reader{"whole": strings.NewReader(tt.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.stream))} {
				if name != "whole" && tt.name == "counted too short" {
					continue // what follows is not known yet when the count is reached
				}
				if got := strings.Join(frames(t, from, 1000), "|"); got != tt.want {
					t.Errorf("%s: got %q, want %q", name, got, tt.want)
				}
			}
		})
	}
}

func TestFramer_EndlessMessages_AreCut(t *testing.T) {
	for name, stream := range map[string]string{
		"line":    "<13>" + strings.Repeat("x", 1<<20) + "\n<13>next\n",
		"counted": fmt.Sprintf("%d <13>%s9 <13>nextX", 1<<19, strings.Repeat("x", 1<<19-4)),
	} {
		got := frames(t, strings.NewReader(stream), 10_000)
		if len(got) != 2 || len(got[0]) != 10_000 || !strings.HasPrefix(got[1], "<13>next") {
			t.Errorf("%s: got %d messages, the first of %d bytes, the last %.20q", name, len(got), len(got[0]), got[len(got)-1])
		}
	}
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte("7 <13>one\n<13>two\n99 <13>x"), 10)
	f.Fuzz(func(t *testing.T, stream []byte, most int) {
		most = max(8, min(most, 4096))
		whole := frames(t, bytes.NewReader(stream), most)
		for _, m := range whole {
			if len(m) > most+1100 { // a wrong count may be stretched to the end of its line
				t.Errorf("a message of %d bytes, want at most %d", len(m), most)
			}
			if !bytes.Contains(stream, []byte(m)) {
				t.Errorf("%q is not in the stream", m)
			}
		}
	})
}
