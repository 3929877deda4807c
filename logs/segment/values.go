package segment

import "fmt"

// Values returns the columns of a group's variables: for each variable the value of
// each of its rows.
func (b *Block) Values(group int) ([][][]byte, error) {
	if err := b.loadValues(); err != nil {
		return nil, err
	}
	if b.columns[group] != nil {
		return b.columns[group], nil
	}
	s := &b.skeletons[group]
	columns := make([][][]byte, 0, len(s.Parts)-1)
	r, err := b.columnsOf(s)
	if err != nil {
		return nil, err
	}
	owners, err := b.ownersOf(s)
	if err != nil {
		return nil, err
	}
	budget := maxDecoded
	for range len(s.Parts) - 1 {
		columns = append(columns, r.read(s.Rows, owners, &budget))
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	b.columns[group] = columns
	return columns, nil
}

// columnsOf returns a reader of a group's columns.
func (b *Block) columnsOf(s *Skeleton) (*columns, error) {
	var r columns
	for i := range r.in {
		if s.at[i]+s.size[i] > len(b.values[i]) {
			return nil, fmt.Errorf("%w: columns end early", ErrCorrupt)
		}
		r.in[i].B = b.values[i][s.at[i] : s.at[i]+s.size[i]]
	}
	return &r, nil
}

func (b *Block) loadValues() error {
	if b.loaded {
		return nil
	}
	if err := b.load(); err != nil {
		return err
	}
	for i := range b.values {
		var err error
		if b.values[i], err = b.section(secHeads + i); err != nil {
			return err
		}
	}
	b.loaded = true
	return nil
}

// ownersOf returns what is known of a group's rows.
func (b *Block) ownersOf(s *Skeleton) ([]owner, error) {
	if len(s.Parts) == 1 {
		return nil, nil
	}
	if err := b.loadTraces(); err != nil {
		return nil, err
	}
	if _, _, err := b.Times(); err != nil {
		return nil, err
	}
	b.owners = b.owners[:0]
	for row := s.first; row < s.first+s.Rows; row++ {
		o := owner{&noTrace, &noSpan, b.times[row]}
		if at := b.traceOf[row]; at > 0 {
			o.trace = (*[16]byte)(b.traces[16*(at-1):])
		}
		if at := b.spanOf[row]; at > 0 {
			o.span = (*[8]byte)(b.spans[8*(at-1):])
		}
		b.owners = append(b.owners, o)
	}
	return b.owners, nil
}

// AppendBody appends the body of a group's row, numbered within the group.
func (b *Block) AppendBody(to []byte, group, row int) ([]byte, error) {
	columns, err := b.Values(group)
	if err != nil {
		return to, err
	}
	parts := b.skeletons[group].Parts
	to = append(to, parts[0]...)
	for c, column := range columns {
		to = append(append(to, column[row]...), parts[c+1]...)
	}
	return to, nil
}

// AppendVariables appends where the variables of a group's row stand in its body.
func (b *Block) AppendVariables(to []Span, group, row int) ([]Span, error) {
	columns, err := b.Values(group)
	if err != nil {
		return to, err
	}
	parts := b.skeletons[group].Parts
	at := int32(len(parts[0]))
	for c, column := range columns {
		end := at + int32(len(column[row]))
		to = append(to, Span{at, end})
		at = end + int32(len(parts[c+1]))
	}
	return to, nil
}
