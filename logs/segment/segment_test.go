package segment_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// want is a row as it should come back.
type want struct {
	Time       int64
	Severity   telemetry.Severity
	Stream     string
	Trace      [16]byte
	SpanID     [8]byte
	Template   uint64
	Attributes [][2]string
	Body       string
}

// randomRows makes rows of every awkward kind.
func randomRows(rng *rand.Rand, n int) ([]segment.Row, []segment.Stream) {
	streams := []segment.Stream{
		{Service: "pay", Labels: []segment.Label{{Name: "pod", Value: "pay-1"}}},
		{Service: ""}, {Service: "cart", Labels: []segment.Label{{Name: "a", Value: ""}, {Name: "pod", Value: "x"}}},
	}
	rows := make([]segment.Row, n)
	at := int64(1_700_000_000_000_000_000)
	for i := range rows {
		r := &rows[i]
		at += rng.Int64N(3) * 1_000_000
		r.Time = at - rng.Int64N(2)*int64(rng.IntN(5))
		r.Severity = telemetry.Severity(rng.IntN(26))
		r.Stream = uint32(rng.IntN(len(streams)))
		if rng.IntN(3) > 0 {
			r.Trace[3], r.SpanID[1] = byte(rng.IntN(4)+1), byte(i)
		}
		r.Template = uint64(rng.IntN(3))
		switch rng.IntN(8) {
		case 0:
			r.Body = nil
		case 1:
			r.Body = []byte{0, 0xff, 0xfe, '\n', 0x80}
			r.Spans = []segment.Span{{1, 2}, {2, 2}, {4, 5}}
		case 2:
			r.Body = []byte("a\n\tat b\r\nc")
		case 3:
			r.Body = fmt.Appendf(nil, "took %d ms", rng.IntN(2000))
			r.Spans = []segment.Span{{5, int32(len(r.Body) - 3)}}
		case 4:
			r.Body = fmt.Appendf(nil, "2026-11-25 10:%02d:%02d.%03d order %08x-%04x", rng.IntN(60), rng.IntN(60), rng.IntN(1000), rng.Uint32(), rng.IntN(1<<16))
			r.Spans = []segment.Span{{0, 23}, {30, 43}}
		case 5:
			r.Body = []byte("trace " + hex.EncodeToString(r.Trace[:]) + " span " + hex.EncodeToString(r.SpanID[:]))
			r.Spans = []segment.Span{{6, 38}, {44, 60}}
		case 6:
			r.Body = []byte("cut wrongly")
			r.Spans = []segment.Span{{5, 3}, {9, 99}}
		case 7:
			r.Body = []byte("user " + []string{"ann", "bob", ""}[rng.IntN(3)] + " in")
			r.Spans = []segment.Span{{5, int32(len(r.Body) - 3)}}
		}
		for range rng.IntN(3) {
			r.Attributes = append(r.Attributes, telemetry.Pair{
				Name: []byte([]string{"k", "http.status", ""}[rng.IntN(3)]), Value: []byte([]string{"200", "\x00\xff", "", "404"}[rng.IntN(4)]),
			})
		}
	}
	return rows, streams
}

func wanted(r *segment.Row, streams []segment.Stream) want {
	w := want{r.Time, r.Severity, streams[r.Stream].Key(), r.Trace, r.SpanID, r.Template, nil, string(r.Body)}
	for _, a := range r.Attributes {
		w.Attributes = append(w.Attributes, [2]string{string(a.Name), string(a.Value)})
	}
	return w
}

// readAll reads every row of a block, by time and rank.
func readAll(t *testing.T, b *segment.Block) map[string]want {
	t.Helper()
	out := map[string]want{}
	skeletons, err := b.Skeletons()
	check(t, err)
	streams, err := b.Streams()
	check(t, err)
	times, ranks, err := b.Times()
	check(t, err)
	stream, severity, err := b.Origin()
	check(t, err)
	for g := range skeletons {
		first, end := skeletons[g].Bounds()
		for row := first; row < end; row++ {
			body, err := b.AppendBody(nil, g, row-first)
			check(t, err)
			w := want{times[row], telemetry.Severity(severity[row]), streams[stream[row]].Key(), [16]byte{}, [8]byte{}, skeletons[g].Template, nil, string(body)}
			w.Trace, w.SpanID, err = b.Trace(row)
			check(t, err)
			pairs, err := b.AppendAttributes(nil, row)
			check(t, err)
			for _, a := range pairs {
				w.Attributes = append(w.Attributes, [2]string{string(a.Name), string(a.Value)})
			}
			out[fmt.Sprint(times[row], "/", ranks[row])] = w
		}
	}
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, rows []segment.Row, streams []segment.Stream) ([]byte, segment.Info) {
	t.Helper()
	e, err := segment.NewEncoder(false)
	if err != nil {
		t.Fatal(err)
	}
	block, info, err := e.Append(nil, rows, streams)
	if err != nil {
		t.Fatal(err)
	}
	return block, info
}

func TestBlock_AnyRows_ComeBackToTheByte(t *testing.T) {
	d, err := segment.NewDecoder()
	check(t, err)
	defer d.Close()
	e, err := segment.NewEncoder(true)
	check(t, err)
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		rows, streams := randomRows(rng, 1+rng.IntN(400))
		block, info, err := e.Append(nil, rows, streams) // one encoder for all, as the store has
		check(t, err)
		b, err := d.OpenBlock(bytes.NewReader(block), 0, int64(len(block)))
		check(t, err)
		got := readAll(t, b)
		ranks := map[int64]int{}
		text := int64(0)
		for i := range rows {
			key := fmt.Sprint(rows[i].Time, "/", ranks[rows[i].Time])
			ranks[rows[i].Time]++
			text += int64(len(rows[i].Body))
			if diff := cmp.Diff(wanted(&rows[i], streams), got[key]); diff != "" {
				t.Fatalf("seed %d, row %d (-want +got):\n%s", seed, i, diff)
			}
		}
		if len(got) != len(rows) || info.Rows != len(rows) || info.Text != text {
			t.Fatalf("seed %d: got %d rows, info %d rows of %d bytes; want %d of %d", seed, len(got), info.Rows, info.Text, len(rows), text)
		}
	}
}

func TestBlock_EveryPieceOfABody_IsFoundByItsProbes(t *testing.T) {
	d, err := segment.NewDecoder()
	check(t, err)
	defer d.Close()
	rng := rand.New(rand.NewPCG(7, 7))
	rows, streams := randomRows(rng, 300)
	for i := range 100 {
		body := fmt.Appendf(nil, `{"id":"%08x-1111-4222-8333-%012x","who":"user_%d-x"} end`, rng.Uint32(), rng.Uint64()>>16, i)
		rows[i].Body, rows[i].Spans = body, []segment.Span{{7, 43}, {58, int32(len(body) - 8)}}
	}
	block, _ := encode(t, rows, streams)
	b, err := d.OpenBlock(bytes.NewReader(block), 0, int64(len(block)))
	check(t, err)
	for range 5000 {
		body := rows[rng.IntN(len(rows))].Body
		if len(body) == 0 {
			continue
		}
		from := rng.IntN(len(body))
		piece := body[from : from+1+rng.IntN(len(body)-from)]
		if ok, err := b.MayHold(segment.Probes(piece)); err != nil || !ok {
			t.Fatalf("%q of %q: got %v, %v", piece, body, ok, err)
		}
	}
	missed := 0
	for range 1000 {
		absent := fmt.Sprintf("%08x-1111-4222-8333-%012x", rng.Uint32(), rng.Uint64()>>16)
		if ok, _ := b.MayHold(segment.Probes([]byte(absent))); !ok {
			missed++
		}
	}
	if missed < 990 {
		t.Errorf("the filter tells that a UUID is absent %d times of 1000, want at least 990", missed)
	}
	for _, text := range []string{"", "ms", "a b", "0123456789abcde"} {
		if p := segment.Probes([]byte(text)); len(p) > 0 && text != "a b" {
			t.Errorf("%q: got %d probes, want none, for it may be part of a longer word", text, len(p))
		}
	}
}

func TestWordProbe_OnlyWholeWords(t *testing.T) {
	for text, want := range map[string]bool{"took": true, "to": false, "in": true, "": false} {
		if got := segment.HasWord([]byte("it took 5 ms in"), []byte(text)); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
	if _, ok := segment.WordProbe("a-b"); ok {
		t.Error("two words are taken for one")
	}
}

func TestFile_BlocksOfTwoFiles_AreCopiedIntoOne(t *testing.T) {
	d, err := segment.NewDecoder()
	check(t, err)
	defer d.Close()
	var merged bytes.Buffer
	w, err := segment.NewWriter(&merged)
	check(t, err)
	total := 0
	for seed := range uint64(3) {
		rows, streams := randomRows(rand.New(rand.NewPCG(seed, 2)), 50)
		block, info := encode(t, rows, streams)
		check(t, w.Add(block, info, streams))
		total += len(rows)
	}
	_, size, err := w.Finish([]string{"a.seg", "b.seg"})
	check(t, err)
	x, err := d.ReadIndex(bytes.NewReader(merged.Bytes()), size)
	check(t, err)
	if x.Rows() != total || len(x.Blocks) != 3 || len(x.Streams) != 3 || len(x.Replaces) != 2 || x.MinTime() > x.MaxTime() {
		t.Errorf("got %d rows in %d blocks, %d streams, replaces %v", x.Rows(), len(x.Blocks), len(x.Streams), x.Replaces)
	}
	for _, i := range x.Blocks {
		b, err := d.OpenBlock(bytes.NewReader(merged.Bytes()), i.Offset, i.Size)
		check(t, err)
		if got := readAll(t, b); len(got) != i.Rows {
			t.Errorf("block at %d: got %d rows, want %d", i.Offset, len(got), i.Rows)
		}
	}
}

func FuzzBlock(f *testing.F) {
	rows, streams := randomRows(rand.New(rand.NewPCG(1, 1)), 40)
	block, _ := encode(f, rows, streams)
	f.Add(block, uint16(0), byte(0))
	f.Add(block[:len(block)/2], uint16(7), byte(3))
	d, err := segment.NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, flip byte) {
		data = bytes.Clone(data)
		if len(data) > 0 {
			data[int(at)%len(data)] ^= flip
		}
		b, err := d.OpenBlock(bytes.NewReader(data), 0, int64(len(data)))
		if err != nil {
			return
		}
		skeletons, err := b.Skeletons()
		if err != nil {
			return
		}
		b.MayHold(segment.Probes([]byte("took 5 ms")))
		b.Times()
		b.Origin()
		for g := range skeletons {
			first, end := skeletons[g].Bounds()
			for row := first; row < end; row++ {
				if _, err := b.AppendBody(nil, g, row-first); err != nil {
					return
				}
				if _, err := b.AppendAttributes(nil, row); err != nil {
					return
				}
			}
		}
	})
}
