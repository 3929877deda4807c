package head

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// restoring is an image that a head is filled from: labels by one goroutine, samples by the
// others.
type restoring struct {
	*image
	head   *Head
	begun  *begun
	failed atomic.Bool
}

func (r *restoring) run(truncated int64) error {
	m := &imaged{floats: r.head.floats, mint: truncated, sizes: map[uint32]int{}, newest: r.begun.newest}
	for number, f := range r.head.files.files {
		m.sizes[number] = f.size
	}
	firsts := make([]int, len(r.parts[floatsPart]))
	k := 0
	for i, p := range r.parts[floatsPart] {
		firsts[i] = k
		k += p.count
	}
	var work sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0)+1)
	floats := func(err *error) {
		var buf []byte
		for i := int(next.Add(1)) - 1; i < len(firsts) && !r.failed.Load(); i = int(next.Add(1)) - 1 {
			if buf, *err = r.floats(m, r.parts[floatsPart][i], firsts[i], buf); *err != nil {
				r.failed.Store(true)
				return
			}
		}
	}
	for i := range len(errs) - 2 {
		work.Go(func() { floats(&errs[i]) })
	}
	work.Go(func() {
		if errs[len(errs)-1] = r.labels(); errs[len(errs)-1] != nil {
			r.failed.Store(true)
			return
		}
		floats(&errs[len(errs)-2])
	})
	work.Wait()
	return errors.Join(errs...)
}

// floats reads one part.
func (r *restoring) floats(m *imaged, p imagePart, first int, buf []byte) ([]byte, error) {
	buf, err := r.read(p, buf)
	if err != nil {
		return buf, err
	}
	in := &recordFields{b: buf}
	var fulls []fullChunk
	for k := range p.count {
		id := idAt(first + k)
		page, x := m.at(id)
		page.Lock()
		fulls, err = m.series(id, x, &page.stripe, in, fulls)
		page.Unlock()
		if err != nil {
			return buf, fmt.Errorf("part at %d: series %d: %w", p.offset, k, err)
		}
	}
	if in.bad || len(in.b) > 0 {
		return buf, badImage("part at %d: %d bytes behind the last series", p.offset, len(in.b))
	}
	return buf, nil
}

// labels reads names, pairs and the labels of all series.
func (r *restoring) labels() error {
	names, err := r.names()
	if err != nil {
		return err
	}
	pids, ranks, err := r.pairTable(names)
	if err != nil {
		return err
	}
	k := 0
	var buf []byte
	for _, p := range r.parts[labelsPart] {
		if r.failed.Load() {
			return nil // another says why
		}
		if buf, err = r.read(p, buf); err != nil {
			return err
		}
		if err := r.series(p, buf, k, pids, ranks); err != nil {
			return fmt.Errorf("part at %d: %w", p.offset, err)
		}
		k += p.count
	}
	return r.head.index.usesAll(pids)
}

func (r *restoring) names() (names []string, err error) {
	for _, p := range r.parts[namesPart] {
		b, err := r.read(p, nil)
		if err != nil {
			return nil, err
		}
		in := &recordFields{b: b}
		for range p.count {
			text := in.text()
			if in.bad || text == "" || len(names) > 0 && names[len(names)-1] >= text {
				return nil, badImage("names are not sorted")
			}
			names = append(names, text) // b stays
		}
	}
	return names, nil
}

// longestText is less than what labels can keep.
const longestText = 1<<24 - 1

// pairTable makes the pairs. It returns for each its number and that of its name.
func (r *restoring) pairTable(names []string) (pids []pairID, ranks []uint32, err error) {
	x := r.head.index
	pids, ranks = make([]pairID, 0, r.image.pairs), make([]uint32, 0, r.image.pairs)
	var buf []byte
	for _, p := range r.parts[pairsPart] {
		if buf, err = r.read(p, buf); err != nil {
			return nil, nil, err
		}
		in := &recordFields{b: buf}
		x.mu.Lock()
		for range p.count {
			n, value := in.uvarint(), in.text()
			if in.bad || n >= uint64(len(names)) || value == "" || len(value) > longestText || len(names[n]) > longestText {
				x.mu.Unlock()
				return nil, nil, badImage("pair %d of name %d", len(pids), n)
			}
			pid := x.pairs.intern(names[n], value)
			if int(pid) != len(pids)+1 { // it was there
				x.mu.Unlock()
				return nil, nil, badImage("pair %d is there twice", len(pids))
			}
			pids, ranks = append(pids, pid), append(ranks, uint32(n))
		}
		x.mu.Unlock()
	}
	return pids, ranks, nil
}

// series enters the series of a part, the first of which is the k-th of all.
func (r *restoring) series(p imagePart, buf []byte, k int, pids []pairID, ranks []uint32) error {
	x := r.head.index
	x.mu.Lock()
	defer x.mu.Unlock()
	in := &recordFields{b: buf}
	var of []pairID
	for range p.count {
		ref, hash, n := in.uvarint(), in.be32(), in.uvarint()
		if in.bad || ref == 0 || ref > r.highest || n > uint64(len(in.b)) {
			return badImage("series %d with %d labels", ref, n)
		}
		of = of[:0]
		last := -1
		for range n {
			i := in.uvarint()
			if in.bad || i >= uint64(len(pids)) || int(ranks[i]) <= last {
				return badImage("label %d of series %d", len(of), ref)
			}
			last = int(ranks[i])
			of = append(of, pids[i])
		}
		id := idAt(k)
		if r.begun.ids.get(chunks.HeadSeriesRef(ref)) != 0 || !x.restore(id, of) {
			return badImage("series %d is there twice", ref)
		}
		r.begun.ids.set(chunks.HeadSeriesRef(ref), id)
		if hash != 0 {
			r.begun.described.set(chunks.HeadSeriesRef(ref), hash)
		}
		_, record := r.head.floats.at(id)
		record.ref.Store(ref)
		k++
	}
	if len(in.b) > 0 {
		return badImage("%d bytes behind the last series", len(in.b))
	}
	return nil
}

// tell tells others of exemplars and series, when all is read.
func (r *restoring) tell() error {
	if r.head.o.Exemplar != nil {
		if err := r.exemplars(); err != nil {
			return err
		}
	}
	l := r.head.o.Lifecycle
	if l == nil {
		return nil
	}
	var text []byte
	var some []labelled
	ids := make([]ID, 0, mostLabels)
	for k := range r.image.series {
		if ids = append(ids, idAt(k)); len(ids) < mostLabels && k+1 < r.image.series {
			continue
		}
		some, text = r.head.index.labelsOf(ids, text)
		for i := range some {
			l.PostCreation(some[i].labels)
		}
		ids = ids[:0]
	}
	return nil
}

func (r *restoring) exemplars() error {
	b, buf := recordLabels(), []byte(nil)
	for _, p := range r.parts[exemplarsPart] {
		var err error
		if buf, err = r.read(p, buf); err != nil {
			return err
		}
		in := &recordFields{b: buf}
		for range p.count {
			ls := in.labels(&b)
			e := exemplar.Exemplar{Ts: in.varint(), Value: math.Float64frombits(in.be64()), HasTs: true}
			if e.Labels = in.labels(&b); in.bad {
				return badImage("exemplars end too early")
			}
			r.head.o.Exemplar(ls, e)
		}
	}
	return nil
}

// restore enters a series that has pairs, in the order of their names. It reports
// false if there is one. The caller holds mu.
func (x *index) restore(id ID, pids []pairID) bool {
	var buf [1024]byte
	text := buf[:0]
	var ls labels.Labels
	if x.writes {
		for _, pid := range pids {
			text = append(text, x.pairs.at(pid).text...)
		}
		ls = labeltext.Labels(unsafeText(text)) // for as long as text is
	} else {
		b := labels.NewScratchBuilder(len(pids))
		for _, pid := range pids {
			at := x.pairs.at(pid)
			b.Add(x.pairs.names[at.name()].text, x.pairs.value(at))
		}
		ls = b.Labels()
	}
	hash := x.hash(ls)
	same := func(other uint32) bool {
		have, ok := x.pairsOf(ID(other))
		return ok && slices.Equal(have, pids)
	}
	if x.byLabels.find(hash, same) != 0 {
		return false
	}
	x.enter(id, hash, pids)
	return true
}

// usesAll returns an error if one of the pairs has no series.
func (x *index) usesAll(pids []pairID) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, pid := range pids {
		if at := x.pairs.at(pid); at.state&listed == 0 && at.posts == 0 {
			return badImage("pair %d has no series", pid)
		}
	}
	return nil
}
