package segment

import (
	"bytes"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

// FuzzSections decodes blocks whose checksums are right and whose sections are not.
func FuzzSections(f *testing.F) {
	rows := make([]Row, 50)
	for i := range rows {
		rows[i] = Row{Time: int64(i) * 1e6, Template: uint64(i % 3), Body: []byte("10:00:00.12 took 123 ms by 8f3a21c4"), Spans: []Span{{0, 11}, {17, 20}, {27, 35}}}
		rows[i].Body[18] = '0' + byte(i%10)
		rows[i].Trace[0], rows[i].SpanID[0] = byte(i/10), byte(i)
		rows[i].Attributes = []telemetry.Pair{{Name: []byte("a"), Value: []byte{byte(i)}}}
	}
	e, err := NewEncoder(false)
	if err != nil {
		f.Fatal(err)
	}
	if _, _, err := e.Append(nil, rows, []Stream{{Service: "x"}}); err != nil {
		f.Fatal(err)
	}
	var raw [sections][]byte
	for s := range raw {
		raw[s] = bytes.Clone(e.raw[s])
		f.Add(uint8(s), raw[s])
		f.Add(uint8(s), raw[s][:len(raw[s])/2])
	}
	d, err := NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which uint8, section []byte) {
		if len(section) > 1<<16 {
			return
		}
		for s := range raw {
			e.raw[s] = raw[s]
		}
		e.raw[which%sections] = section
		data, err := e.assemble(nil)
		if err != nil {
			return
		}
		b, err := d.OpenBlock(bytes.NewReader(data), 0, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		skeletons, err := b.Skeletons()
		if err != nil {
			return
		}
		b.MayHold(Probes([]byte("by 8f3a21c48f3a21c48f3a21c4 x")))
		b.Times()
		b.Origin()
		for g := range skeletons {
			b.RowsWith(g, []byte("8f3a21c4"))
			first, end := skeletons[g].Bounds()
			for row := first; row < min(end, first+100); row++ {
				b.Trace(row)
				b.AppendBody(nil, g, row-first)
				b.AppendVariables(nil, g, row-first)
				b.AppendAttributes(nil, row)
			}
		}
	})
}

func FuzzIndex(f *testing.F) {
	x := Index{Replaces: []string{"a"}, Streams: []Stream{{Service: "x", Labels: []Label{{"a", "b"}}}},
		Blocks: []Info{{Offset: 8, Size: headSize, Rows: 3, MaxTime: 9, Templates: []TemplateCount{{7, 3}}, Streams: []int{0}}}}
	f.Add(x.append(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if x, err := parseIndex(raw, 1<<20); err == nil {
			again, err := parseIndex(x.append(nil), 1<<20)
			if err != nil || len(again.Blocks) != len(x.Blocks) {
				t.Errorf("an index that was read does not read again: %v", err)
			}
		}
	})
}
