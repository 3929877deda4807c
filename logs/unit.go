package logs

import (
	"cmp"
	"slices"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// unit is what a query goes through as a whole: a block, or a head as it was.
type unit interface {
	bounds() (oldest, newest int64)
	// scan calls found with each wanted record for which may said yes, in the order of
	// the query if ordered. It stops when may says stop, or at an error of found.
	scan(p *plan, ordered bool, may func(at int64, rank uint32) verdict, found func(*Record) error) error
}

// verdict is the word on a record before its text is looked at.
type verdict int

const (
	take verdict = iota
	skip
	stop // this one and all later ones of the unit
)

// candidate is a record of a unit that may be wanted.
type candidate struct {
	at    int64
	row   int
	rank  uint32
	group int32
	sure  bool // its text is known to agree
}

// arrange puts candidates into the order of a query.
func arrange(all []candidate, oldest bool) {
	slices.SortFunc(all, func(a, b candidate) int {
		c := cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank))
		if !oldest {
			return -c
		}
		return c
	})
}

// headUnit is a head as it was when the query began.
type headUnit struct{ view }

func (u *headUnit) bounds() (oldest, newest int64) { return u.oldest, u.newest }

func (u *headUnit) scan(p *plan, ordered bool, may func(int64, uint32) verdict, found func(*Record) error) error {
	wanted, any := p.wantsStreams(u.streams)
	if !any {
		return nil
	}
	var all []candidate
	for i := range u.rows {
		r := &u.rows[i]
		if !p.wantsTime(r.at) || !p.wantsLevel(r.severity) || !p.wantsTemplate(r.template) || (wanted != nil && !wanted[r.stream]) {
			continue
		}
		// Text is cheap to look at here.
		if p.needsBody() && !p.wantsBody(u.body(r)) {
			continue
		}
		all = append(all, candidate{at: r.at, row: i, rank: uint32(i)})
	}
	if ordered {
		arrange(all, p.Oldest)
	}
	var parsed rowReader
	for _, c := range all {
		switch may(c.at, c.rank) {
		case skip:
			continue
		case stop:
			return nil
		}
		rec, ok, err := u.record(p, &parsed, c.row)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := found(rec); err != nil {
			return err
		}
	}
	return nil
}

// blockUnit is a block of a file that is held open.
type blockUnit struct {
	s    *Store
	file *file
	info *segment.Info
}

func (u *blockUnit) bounds() (oldest, newest int64) { return u.info.MinTime, u.info.MaxTime }

func (u *blockUnit) scan(p *plan, ordered bool, may func(int64, uint32) verdict, found func(*Record) error) error {
	if !u.mayHold(p) {
		u.s.metrics.skipped.Inc()
		return nil
	}
	b, err := u.s.dec.OpenBlock(u.file.in, u.info.Offset, u.info.Size)
	if err != nil {
		return err
	}
	if len(p.Attributes) > 0 && !b.HasAttributes() {
		return nil
	}
	if ok, err := b.MayHold(p.probes); err != nil || !ok {
		u.s.metrics.skipped.Inc()
		return err
	}
	u.s.metrics.scanned.Inc()
	r := blockReader{b: b, p: p}
	all, err := r.candidates(u.info)
	if err != nil {
		return err
	}
	if ordered {
		arrange(all, p.Oldest)
	}
	for i := range all {
		c := &all[i]
		switch may(c.at, c.rank) {
		case skip:
			continue
		case stop:
			return nil
		}
		rec, ok, err := r.record(c)
		if err != nil {
			return err
		}
		if ok {
			if err := found(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayHold asks what the index knows of levels and templates.
func (u *blockUnit) mayHold(p *plan) bool {
	if p.Levels != 0 {
		n := 0
		for l, rows := range u.info.Levels {
			if p.Levels>>l&1 == 1 {
				n += rows
			}
		}
		if n == 0 {
			return false
		}
	}
	return len(p.Templates) == 0 ||
		slices.ContainsFunc(u.info.Templates, func(t segment.TemplateCount) bool { return p.wantsTemplate(t.ID) })
}

// blockReader takes the wanted records out of a block.
type blockReader struct {
	b         *segment.Block
	p         *plan
	skeletons []segment.Skeleton
	streams   []segment.Stream
	stream    []uint32
	severity  []byte
	rec       Record
	body      []byte
}

// candidates returns the rows that times, levels, streams and skeletons do not exclude.
func (r *blockReader) candidates(info *segment.Info) ([]candidate, error) {
	var err error
	if r.skeletons, err = r.b.Skeletons(); err != nil {
		return nil, err
	}
	if r.streams, err = r.b.Streams(); err != nil {
		return nil, err
	}
	wanted, any := r.p.wantsStreams(r.streams)
	if !any {
		return nil, nil
	}
	times, ranks, err := r.b.Times()
	if err != nil {
		return nil, err
	}
	if r.stream, r.severity, err = r.b.Origin(); err != nil {
		return nil, err
	}
	var all []candidate
	for g := range r.skeletons {
		s := &r.skeletons[g]
		none, sure := r.decide(s)
		if none {
			continue
		}
		rows, few, err := r.rowsWith(g, sure)
		if err != nil {
			return nil, err
		}
		first, end := s.Bounds()
		for row := first; row < end; row++ {
			if few {
				if len(rows) == 0 {
					break
				}
				row, rows = first+rows[0], rows[1:]
			}
			if !r.p.wantsTime(times[row]) || !r.p.wantsLevel(telemetry.Severity(r.severity[row])) || (wanted != nil && !wanted[r.stream[row]]) {
				continue
			}
			if r.p.needsIDs() {
				trace, span, err := r.b.Trace(row)
				if err != nil {
					return nil, err
				}
				if !r.p.wantsIDs(trace, span) {
					continue
				}
			}
			all = append(all, candidate{times[row], row, ranks[row], int32(g), sure})
		}
	}
	return all, nil
}

// decide says what a skeleton tells of its records: none is wanted, or the text of all
// agrees.
func (r *blockReader) decide(s *segment.Skeleton) (none, sure bool) {
	if !r.p.wantsTemplate(s.Template) {
		return true, false
	}
	sure = len(r.p.words) == 0
	for i := range r.p.Lines {
		all, known := r.p.Lines[i].decide(s.Parts)
		if known && !all {
			return true, false
		}
		sure = sure && known
	}
	return false, sure
}

// rowsWith returns the rows of a group that have what a filter for text wants, where
// that can be told without reading all of them.
func (r *blockReader) rowsWith(g int, sure bool) (rows []int, few bool, err error) {
	if sure {
		return nil, false, nil
	}
	for i := range r.p.Lines {
		f := &r.p.Lines[i]
		if f.not || f.expr != nil || len(f.literal) < shortText {
			continue
		}
		if all, known := f.decide(r.skeletons[g].Parts); known && all {
			continue
		}
		if rows, few, err = r.b.RowsWith(g, f.literal); few || err != nil {
			return rows, few, err
		}
	}
	return nil, false, nil
}

// shortText is the length below which text is found so often that looking for it in
// each column first does not pay.
const shortText = 8

// record reads a candidate; false if it is not wanted after all.
func (r *blockReader) record(c *candidate) (*Record, bool, error) {
	first, _ := r.skeletons[c.group].Bounds()
	var err error
	rec := Record{
		Time: c.at, Severity: telemetry.Severity(r.severity[c.row]), Stream: &r.streams[r.stream[c.row]],
		Template: r.skeletons[c.group].Template, Attributes: r.rec.Attributes[:0], rank: c.rank,
	}
	if rec.Trace, rec.SpanID, err = r.b.Trace(c.row); err != nil {
		return nil, false, err
	}
	if !r.p.NoText || !c.sure {
		if r.body, err = r.b.AppendBody(r.body[:0], int(c.group), c.row-first); err != nil {
			return nil, false, err
		}
		rec.Body = r.body
	}
	if !c.sure && !r.p.wantsBody(rec.Body) {
		return nil, false, nil
	}
	if rec.Attributes, err = r.b.AppendAttributes(rec.Attributes, c.row); err != nil {
		return nil, false, err
	}
	r.rec = rec
	if !r.p.wantsAttributes(rec.Attributes) || (r.p.Match != nil && !r.p.Match(&r.rec)) {
		return nil, false, nil
	}
	return &r.rec, true, nil
}
