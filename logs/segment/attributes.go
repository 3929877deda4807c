package segment

import (
	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// attributes writes the lists of names that rows have, which list each row has, and
// for each list the columns of its values.
func (e *Encoder) attributes(rows []Row) {
	shapes := make(map[string]int)
	var names [][][]byte
	var members [][]int
	b := e.raw[secAttributes]
	of := make([]int, len(e.order))
	some := false
	for k, i := range e.order {
		e.keys = e.keys[:0]
		for _, a := range rows[i].Attributes {
			e.keys = wire.AppendBytes(e.keys, a.Name)
			e.seen.add(pairHash(a.Name, a.Value))
			some = true
		}
		at, ok := shapes[string(e.keys)]
		if !ok {
			at = len(names)
			shapes[string(e.keys)] = at
			names = append(names, attributeNames(rows[i].Attributes))
			members = append(members, nil)
		}
		of[k] = at
		members[at] = append(members[at], i)
	}
	if !some {
		return // an empty section: no row has any
	}
	b = wire.AppendUvarint(b, uint64(len(names)))
	for _, list := range names {
		b = wire.AppendUvarint(b, uint64(len(list)))
		for _, n := range list {
			b = wire.AppendBytes(b, n)
		}
	}
	for _, at := range of {
		b = wire.AppendUvarint(b, uint64(at))
	}
	e.columns.reset()
	for s, list := range names {
		for c := range list {
			e.values = e.values[:0]
			for _, i := range members[s] {
				e.values = append(e.values, rows[i].Attributes[c].Value)
			}
			e.columns.append(e.values, nil)
		}
	}
	for _, stream := range e.columns.out {
		b = wire.AppendBytes(b, stream)
	}
	e.raw[secAttributes] = b
}

func attributeNames(attributes []telemetry.Pair) [][]byte {
	out := make([][]byte, len(attributes))
	for i, a := range attributes {
		out[i] = a.Name
	}
	return out
}

// attributes are the decoded attributes of a block.
type attributes struct {
	names  [][][]byte   // of each list
	of     []uint32     // the list of each row
	at     []uint32     // the row's place in the columns of its list
	values [][][][]byte // of each list, each name, each row
}

func (b *Block) loadAttributes() error {
	if b.attrs != nil {
		return nil
	}
	if err := b.load(); err != nil {
		return err
	}
	r, err := b.open(secAttributes)
	if err != nil {
		return err
	}
	a := &attributes{}
	if len(r.B) > 0 {
		a.names = make([][][]byte, r.Count("lists of names", b.rows, 1))
		for i := range a.names {
			a.names[i] = make([][]byte, r.Count("names", len(r.B), 1))
			for n := range a.names[i] {
				a.names[i][n] = r.Bytes()
			}
		}
		a.read(r, b.rows)
	}
	if r.Err != nil {
		return r.Err
	}
	b.attrs = a
	return nil
}

func (a *attributes) read(r *wire.Reader, rows int) {
	a.of, a.at = make([]uint32, rows), make([]uint32, rows)
	sizes := make([]uint32, len(a.names))
	for i := range a.of {
		a.of[i] = uint32(r.Count("lists of names", len(a.names)-1, 0))
		if r.Err != nil || len(sizes) == 0 {
			r.Fail("rows without a list of names")
			return
		}
		a.at[i] = sizes[a.of[i]]
		sizes[a.of[i]]++
	}
	var c columns
	for i := range c.in {
		c.in[i].B = r.Bytes()
	}
	budget := maxDecoded
	a.values = make([][][][]byte, len(a.names))
	for s := range a.names {
		if sizes[s] == 0 {
			r.Fail("a list of names that no row has")
			return
		}
		for range a.names[s] {
			a.values[s] = append(a.values[s], c.read(int(sizes[s]), nil, &budget))
			if err := c.err(); err != nil {
				r.Err = err
				return
			}
		}
	}
}

// HasAttributes says whether any row of the block has attributes, without reading them.
func (b *Block) HasAttributes() bool { return b.head[secAttributes].raw > 0 }

// AppendAttributes appends the attributes of a row, which alias the block's memory.
func (b *Block) AppendAttributes(to []telemetry.Pair, row int) ([]telemetry.Pair, error) {
	if err := b.loadAttributes(); err != nil {
		return to, err
	}
	if b.attrs.of == nil {
		return to, nil
	}
	list := b.attrs.of[row]
	for n, name := range b.attrs.names[list] {
		to = append(to, telemetry.Pair{Name: name, Value: b.attrs.values[list][n][b.attrs.at[row]]})
	}
	return to, nil
}
