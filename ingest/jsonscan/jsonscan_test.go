package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
)

// dump reads a value with the cursor and writes it again.
func dump(c *jsonscan.Cursor, to *bytes.Buffer) {
	switch c.Kind() {
	case jsonscan.Object:
		to.WriteByte('{')
		c.Object()
		for first := true; ; first = false {
			name, ok := c.Key()
			if !ok {
				break
			}
			if !first {
				to.WriteByte(',')
			}
			fmt.Fprintf(to, "%q:", name)
			dump(c, to)
		}
		to.WriteByte('}')
	case jsonscan.Array:
		to.WriteByte('[')
		c.Array()
		for first := true; c.Item(); first = false {
			if !first {
				to.WriteByte(',')
			}
			dump(c, to)
		}
		to.WriteByte(']')
	case jsonscan.String:
		fmt.Fprintf(to, "%q", c.String())
	default:
		to.Write(c.Raw())
	}
}

func TestCursor_ReadsJSON(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{}`, `{}`},
		{"\xef\xbb\xbf [ ] ", `[]`},
		{`{"a":1,"b":[true,null,-1.5e+3,"x"],"c":{"d":{}}}`, `{"a":1,"b":[true,null,-1.5e+3,"x"],"c":{"d":{}}}`},
		{` { "a" : "\u00e9\ud83d\ude00\n\/\\\"" } `, `{"a":"é😀\n/\\\""}`},
		{`"half \ud83d pair, \uZZ and \q"`, `"half � pair, \\uZZ and \\q"`},
		{`"ends in \\"`, `"ends in \\"`},
	} {
		var c jsonscan.Cursor
		c.Reset([]byte(tt.in), nil)
		var got bytes.Buffer
		dump(&c, &got)
		if c.Err() != nil || c.More() || got.String() != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.in, got.String(), c.Err(), tt.want)
		}
	}
}

func TestCursor_Wrong_SaysWhere(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{``, "byte 0: want a value, got the end"},
		{`{"a":1 "b":2}`, "byte 7: want a comma or the end of the object"},
		{`{"a" 1}`, "byte 5: want a colon"},
		{`{"a":}`, "byte 5: want a value"},
		{`{1:2}`, "byte 1: want a string"},
		{`[1,`, "byte 3: want a value, got the end"},
		{`[1 2]`, "byte 3: want a comma or the end of the array"},
		{`[tru]`, "byte 1: want a value"},
		{`[-]`, "byte 1: want a number"},
		{`[1.e5]`, "byte 1: want a number"},
		{`"abc`, "want the quote"},
		{strings.Repeat("[", 65), "at most 64 brackets"},
		{strings.Repeat("[", 100_000), "at most 64 brackets"},
	} {
		var c jsonscan.Cursor
		c.Reset([]byte(tt.in), nil)
		dump(&c, new(bytes.Buffer))
		if c.Err() == nil || !strings.Contains(c.Err().Error(), tt.want) {
			t.Errorf("%.20s: got %v, want %q", tt.in, c.Err(), tt.want)
		}
	}
	for _, in := range []string{`{"a":[}`, `[1`, `{"a":"b`, `{"a":{]}`, strings.Repeat(`{"a":`, 70)} {
		var c jsonscan.Cursor
		c.Reset([]byte(in), nil)
		if c.Raw(); c.Err() == nil {
			t.Errorf("%.20s: was taken for a value", in)
		}
	}
}

func TestCursor_Raw_LeavesValuesAsWritten(t *testing.T) {
	var c jsonscan.Cursor
	c.Reset([]byte(`{"a":{"b":"}\"", "c":[1, 2]},"d":"x","e":null}`), nil)
	c.Object()
	var got []string
	for {
		name, ok := c.Key()
		if !ok {
			break
		}
		got = append(got, string(name)+"="+string(c.Text()))
	}
	if want := `a={"b":"}\"", "c":[1, 2]}|d=x|e=`; strings.Join(got, "|") != want || c.Err() != nil {
		t.Errorf("got %q, %v", got, c.Err())
	}
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"c\u00e9"}],"d":null}`, `[[[]]]`, "\"\xff\"", `{"":""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var c jsonscan.Cursor
		c.Reset(text, nil)
		var got bytes.Buffer
		dump(&c, &got)
		whole := c.Err() == nil && !c.More()
		// Whatever is JSON must be read; what is not UTF-8 may be.
		if json.Valid(text) && utf8.Valid(text) && !whole && bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) <= jsonscan.MaxDepth {
			t.Errorf("valid JSON was refused: %v", c.Err())
		}
		c.Reset(text, nil)
		if raw := c.Raw(); c.Err() == nil && len(raw) == 0 {
			t.Error("a value of no bytes")
		}
	})
}
