package template

import (
	"bytes"
	"testing"
)

// FuzzMine holds what every line must keep to: variables in order and within the
// line, the same id for the same line, a text, and the same bytes back from the
// constant pieces and the variables.
func FuzzMine(f *testing.F) {
	for _, s := range []string{
		"", " ", "\n", "took 35 ms", "user=bob id=4", "a=\"b c\" d='e", "x (12 (13)) ()", "[2015-10-18 18:01:47,978] INFO [main] a.b: c",
		"Jun 14 15:16:01 combo sshd[19939]: Failed password for root from 1.2.3.4 port 22 ssh2", "GET /a?b=c&d=1,2;3 HTTP/1.1",
		"Foo{a=1, b=Bar{c=2}} <1 sec <x> a#1##2", "eth0 eth1 eth2 x", "host ()", "....", "::::", "a:b:c", "\xff\xfe\x00=\x80",
		"0x0:0x1 at pool.go:77 core.123 node-7", "Mon Jul 17 12:00:01 EST 2005", "k=(((((", "k=]]]", "=== = =", "081109 203615 1 INFO x: y",
	} {
		f.Add([]byte(s), []byte("and "+s))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		m := New(DefaultConfig())
		var out Match
		for range 2 {
			for _, line := range [][]byte{a, b} {
				m.Mine("s", 9, nil, line, 1, &out)
				end := int32(0)
				var back []byte
				for _, v := range out.Vars {
					if v.Start < end || v.End <= v.Start || int(v.End) > len(line) {
						t.Fatalf("%q: variables %v", line, out.Vars)
					}
					back = append(append(back, line[end:v.Start]...), line[v.Start:v.End]...)
					end = v.End
				}
				if back = append(back, line[end:]...); !bytes.Equal(back, line) {
					t.Fatalf("%q came back as %q", line, back)
				}
				id := out.ID
				if m.Mine("s", 9, nil, line, 2, &out); m.Resolve(out.ID) != m.Resolve(id) {
					t.Fatalf("%q: ids %x and %x", line, id, out.ID)
				}
				if i, ok := m.Template(id); !ok || len(line) > 0 && i.Count == 0 {
					t.Fatalf("%q: %+v, %v", line, i, ok)
				}
			}
		}
	})
}

// FuzzReadRecord holds that any bytes are read or refused, and that what was read is
// written as it was.
func FuzzReadRecord(f *testing.F) {
	for _, r := range []record{
		{kind: recTemplate, service: "s", id: 1, version: version, line: []byte("a 1 b"), mask: mask{4}, first: 7},
		{kind: recStats, service: "s", id: 1, count: 3, levels: [7]uint64{1, 2}},
		{kind: recAlias, id: 2, to: 1}, {kind: recGrave, id: 3, last: 9},
		{kind: recBranch, service: "s", branch: 5, lines: 80, depth: 3, ends: byte(colName), ways: map[uint64]uint32{8: 9}},
	} {
		f.Add(appendRecord(nil, &r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again record
		rest, err := readRecord(b, &r)
		if err != nil {
			return
		}
		if len(rest) >= len(b) {
			t.Fatal("nothing was read")
		}
		New(DefaultConfig()).restore(&r)
		if _, err := readRecord(appendRecord(nil, &r), &again); err != nil {
			t.Fatalf("%+v cannot be read back: %v", r, err)
		}
	})
}
