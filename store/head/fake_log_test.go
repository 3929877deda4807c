package head

import (
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/compression"
)

// fakeRefs give each ID the reference that is as much higher.
type fakeRefs chunks.HeadSeriesRef

func (r fakeRefs) ref(id ID) chunks.HeadSeriesRef {
	if id == 0 {
		return 0
	}
	return chunks.HeadSeriesRef(r) + chunks.HeadSeriesRef(id)
}

func (r fakeRefs) refs(samples []Sample, dst *[refsRun]chunks.HeadSeriesRef) {
	for i := range samples {
		dst[i] = r.ref(samples[i].ID)
	}
}

// fakeSink keeps all that is replayed, by labels.
type fakeSink struct {
	t         testing.TB
	mu        sync.Mutex
	ids       map[string]ID
	names     []string // by ID - 1
	refs      []chunks.HeadSeriesRef
	found     map[ID][]Sample
	exemplars map[ID][]exemplar.Exemplar
}

func newFakeSink(t testing.TB) *fakeSink {
	return &fakeSink{t: t, ids: map[string]ID{}, found: map[ID][]Sample{}, exemplars: map[ID][]exemplar.Exemplar{}}
}

func (s *fakeSink) series(ref chunks.HeadSeriesRef, ls labels.Labels) ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := ls.String()
	id := s.ids[name]
	if id == 0 {
		s.names = append(s.names, name)
		s.refs = append(s.refs, 0)
		id = ID(len(s.names))
		s.ids[name] = id
	}
	s.refs[id-1] = ref
	return id
}

func (s *fakeSink) samples(batch []Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range batch {
		if x.ID == 0 || int(x.ID) > len(s.names) {
			s.t.Errorf("sample of series %d, which nobody made", x.ID)
		}
		s.found[x.ID] = append(s.found[x.ID], x)
	}
}

func (s *fakeSink) exemplar(id ID, e exemplar.Exemplar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exemplars[id] = append(s.exemplars[id], e)
}

// of returns the samples of the series with labels.
func (s *fakeSink) of(ls labels.Labels) []Sample { return s.found[s.ids[ls.String()]] }

func (s *fakeSink) total() int {
	n := 0
	for _, x := range s.found {
		n += len(x)
	}
	return n
}

func logOptions(t testing.TB) Options {
	return Options{Dir: t.TempDir(), Compression: compression.Snappy, SegmentSize: 16 << 20}
}

func mustOpen(t testing.TB, o Options) *journal {
	t.Helper()
	j, err := openJournal(o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func mustWrite(t testing.TB, j *journal, refs references, tx *Transaction) {
	t.Helper()
	if err := j.write(tx, refs); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t testing.TB, j *journal) {
	t.Helper()
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
}

func mustReplay(t testing.TB, o Options) (*fakeSink, chunks.HeadSeriesRef, replayStats) {
	t.Helper()
	s := newFakeSink(t)
	highest, stats, err := replay(o, s)
	if err != nil {
		t.Fatal(err)
	}
	return s, highest, stats
}

func sameSamples(a, b []Sample) bool {
	return slices.EqualFunc(a, b, func(x, y Sample) bool { return x.T == y.T && bitsOf(x.V) == bitsOf(y.V) })
}
