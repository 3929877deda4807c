package detector

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// block is what a test puts into a checkpoint.
type block struct {
	kind blockKind
	body []byte
}

// checkpointOf returns a checkpoint whose sums are right, whatever its blocks say.
func checkpointOf(places int, blocks ...block) []byte {
	return checkpointOfVersion(checkpointVersion, places, blocks...)
}

func checkpointOfVersion(version, places int, blocks ...block) []byte {
	var file bytes.Buffer
	head := append([]byte(nil), checkpointMagic...)
	for _, x := range []int{version, stateForm.size, pageSize(version), places} {
		head = binary.LittleEndian.AppendUint32(head, uint32(x))
	}
	out := newBlocksWriter(&file, head)
	for _, b := range blocks {
		out.begin(b.kind)
		out.buf = append(out.buf, b.body...)
		out.end()
	}
	_ = out.finish() // a buffer takes all
	return file.Bytes()
}

// blocksOf takes a checkpoint apart.
func blocksOf(t testing.TB, file []byte) (all []block) {
	in := blocksReader{r: bytes.NewReader(file)}
	if _, err := in.head(); err != nil {
		t.Fatal(err)
	}
	for {
		b, err := in.next(nil)
		if err == nil {
			err = b.check()
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.bytes) == 0 {
			return all
		}
		all = append(all, block{blockKind(b.bytes[0]), b.bytes[1:]})
	}
}

func madeUp(t testing.TB, n int) []byte {
	b, err := NewBank(DefaultConfig(), WithServices(func(l labels.Labels) string { return l.Get("job") }))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		slot := b.Register(labels.FromStrings("__name__", fmt.Sprintf("m%d", i%3), "i", fmt.Sprint(i), "job", fmt.Sprint(i%4)))
		for j := range 3 {
			b.Observe(slot, int64(j+1)*1000, float64(i))
		}
	}
	var file bytes.Buffer
	if err := b.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestRestore_BlocksWithRightSums_DamageIsFound(t *testing.T) {
	file := madeUp(t, 600)
	all := blocksOf(t, file)
	var chunks []block
	var services block
	for _, b := range all {
		switch b.kind {
		case seriesBlock:
			chunks = append(chunks, b)
		case servicesBlock:
			services = b
		}
	}
	if len(chunks) != 3 || len(services.body) == 0 {
		t.Fatalf("got %d chunks and %d bytes of services", len(chunks), len(services.body))
	}
	if !bytes.Equal(checkpointOf(600, all...), file) {
		t.Error("blocks put together are another file")
	}
	swapped := bytes.Clone(file)
	first, second := chunks[0].body, chunks[1].body
	at, then := bytes.Index(file, first), bytes.Index(file, second)
	copy(swapped[at-1-blockFrame:], file[then-1-blockFrame:then+len(second)])
	copy(swapped[at-1+len(second)+1:], file[at-1-blockFrame:at+len(first)])
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"left out":         {append(bytes.Clone(file[:at-1-blockFrame]), file[at+len(first):]...), "checksum"},
		"change of places": {swapped, "checksum"},
		"kind 0":           {checkpointOf(1, block{0, nil}), "kind 0"},
		"kind 5":           {checkpointOf(1, block{blockKinds, nil}), "kind 5"},
		"wrong order":      {checkpointOf(600, services, chunks[0]), "behind kind"},
		"too long":         {checkpointOf(600, block{seriesBlock, append(bytes.Clone(first), 0)}), "1 bytes behind"},
		"too short":        {checkpointOf(600, block{seriesBlock, first[:len(first)-1]}), "early"},
		"labels of nobody": {checkpointOf(1, block{seriesBlock, append(append([]byte{2}, make([]byte, 31)...), 1, 0)}), "labels before"},
		"number cut short": {checkpointOf(1, block{servicesBlock, []byte{0x80}}), "within a number"},
	} {
		b, err := NewBank(DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		err = b.Restore(bytes.NewReader(c.file))
		if !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), c.want) || b.Len() != 0 {
			t.Errorf("%s: got %v and %d series, want an error with %q", name, err, b.Len(), c.want)
		}
	}
}

// FuzzRestoreBlocks reads blocks of any bytes with right sums.
func FuzzRestoreBlocks(f *testing.F) {
	for _, b := range blocksOf(f, madeUp(f, 3)) {
		f.Add(byte(b.kind), b.body, []byte(nil))
		f.Add(byte(seriesBlock), b.body, b.body)
	}
	f.Fuzz(func(t *testing.T, kind byte, first, second []byte) {
		b, err := NewBank(DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Restore(bytes.NewReader(checkpointOf(1000, block{blockKind(kind), first}, block{servicesBlock, second}))); err != nil && b.Len() != 0 {
			t.Errorf("%d series after %v", b.Len(), err)
		}
	})
}

func TestLabels_OneAfterAnother_ReadAsWritten(t *testing.T) {
	long := strings.Repeat("v", 300)
	all := []labels.Labels{
		labels.EmptyLabels(),
		labels.FromStrings("__name__", "a", "x", "1", "y", "2"),
		labels.FromStrings("__name__", "a", "x", "1", "y", "3"),
		labels.FromStrings("__name__", "a"),
		labels.FromStrings("__name__", "b", "w", "1", "x", "1", "y", "3", "z", long),
		labels.FromStrings("__name__", "b", "w", "1", "x", "1", "y", "3", "z", long),
		labels.FromStrings("__name__", "b", "x", "1", "y", "3"),
	}
	var w labelsWriter
	var b []byte
	for _, l := range all {
		b = w.append(b, l)
	}
	in, r := fields{b: b}, labelsReader{}
	for i, want := range all {
		if got := r.read(&in); !labels.Equal(got, want) || in.err != nil {
			t.Fatalf("labels %d: got %s, %v, want %s", i, got, in.err, want)
		}
	}
	clear(b) // they must not lie in the block
	if len(in.b) != 0 {
		t.Errorf("%d bytes are left", len(in.b))
	}
}
