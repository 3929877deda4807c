package head

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
)

// goneSeries remember which series of the log were dropped, and up to which segment
// there may be samples of them.
type goneSeries []goneSince

type goneSince struct {
	segment int
	refs    []chunks.HeadSeriesRef // sorted
}

// since returns the last segment that may have samples of a series, or -1 if it is not
// known to be gone.
func (g goneSeries) since(ref chunks.HeadSeriesRef) int {
	for i := range g {
		if _, ok := slices.BinarySearch(g[i].refs, ref); ok {
			return g[i].segment
		}
	}
	return -1
}

func (g *goneSeries) add(segment int, refs []chunks.HeadSeriesRef) {
	if len(refs) > 0 {
		slices.Sort(refs)
		*g = append(*g, goneSince{segment, slices.Clip(slices.Compact(refs))})
	}
}

// outlived forgets those whose last segment is part of a checkpoint.
func (g *goneSeries) outlived(to int) {
	*g = slices.DeleteFunc(*g, func(x goneSince) bool { return x.segment <= to })
}

// lastMetadata keeps what describes each series last: a number for each series, and
// each description once, since the series of a metric share theirs.
type lastMetadata struct {
	pages map[uint64]*describedPage
	known map[wordsOfMetadata]uint32
	words []wordsOfMetadata // by number - 1
}

type wordsOfMetadata struct {
	kind       uint8
	unit, help string
}

func (l *lastMetadata) set(m logrecord.RefMetadata) {
	if l.pages == nil {
		l.pages, l.known = map[uint64]*describedPage{}, map[wordsOfMetadata]uint32{}
	}
	w := wordsOfMetadata{m.Type, m.Unit, m.Help}
	n := l.known[w]
	if n == 0 {
		w.unit, w.help = strings.Clone(w.unit), strings.Clone(w.help)
		l.words = append(l.words, w)
		n = uint32(len(l.words))
		l.known[w] = n
	}
	no := uint64(m.Ref) >> describedShift
	p := l.pages[no]
	if p == nil {
		p = new(describedPage)
		l.pages[no] = p
	}
	p[m.Ref&(1<<describedShift-1)] = n
}

// each hands over all of them, some at a time, in the order of references.
func (l *lastMetadata) each(do func([]logrecord.RefMetadata) error) error {
	var some []logrecord.RefMetadata
	for _, no := range slices.Sorted(maps.Keys(l.pages)) {
		for i, n := range l.pages[no] {
			if n == 0 {
				continue
			}
			w := l.words[n-1]
			ref := chunks.HeadSeriesRef(no<<describedShift | uint64(i))
			some = append(some, logrecord.RefMetadata{Ref: ref, Type: w.kind, Unit: w.unit, Help: w.help})
		}
		if err := do(some); err != nil {
			return err
		}
		some = some[:0]
	}
	return nil
}
