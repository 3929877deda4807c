package head

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// sink is what a replay fills. All methods may be called at the same time.
type sink interface {
	// series returns the ID of labels, made if need be. The same labels may come with
	// several references, when a series was dropped and made again: all lead to one
	// ID, and the newest reference stays. It is called from one goroutine.
	series(ref chunks.HeadSeriesRef, ls labels.Labels) ID
	// samples takes some in the order of the log. Those of one ID come from one
	// goroutine. The sink does not keep the slice.
	samples(batch []Sample)
	exemplar(id ID, e exemplar.Exemplar)
}

// replayStats say what a replay read.
type replayStats struct {
	Series    int   // references with labels
	Samples   int64 // that went to the sink
	Old       int64 // samples and exemplars that are in a block by now
	Unknown   unknownReferences
	Ignored   int64 // records of types that the head does not write
	Torn      bool  // read-only: the log ends within a record, which is being written
	described *descriptions
}

// unknownReferences count what the log has of series whose labels it does not have.
type unknownReferences struct{ Samples, Exemplars, Metadata int64 }

// replay reads the log into a sink: the latest checkpoint, and the segments that came
// after it. It returns the highest reference that it met, also of series without
// labels, so that none of these is given to another series.
//
// Damage is a *wlog.CorruptionErr that names segment and offset; all before it has
// been delivered then. An end within a record, as a kill leaves it, is damage too,
// except when reading only: then another process may be writing it.
//
// One goroutine reads and unpacks, one decodes and makes the series, and samples go
// by series to as many as there are processors. What waits between them is bounded.
func replay(o Options, s sink) (highest chunks.HeadSeriesRef, stats replayStats, err error) {
	return replaySince(o, s, begun{})
}

// replaySince is replay for a sink that has all that was logged before.
func replaySince(o Options, s sink, from begun) (highest chunks.HeadSeriesRef, stats replayStats, err error) {
	mint, err := readTruncated(o.Dir)
	if err != nil {
		return 0, stats, err
	}
	files, err := openSegments(filepath.Join(o.Dir, walDir), from.segment)
	if err != nil {
		return 0, stats, err
	}
	defer files.close()
	var (
		filled = make(chan *recordBlock, blocksAhead)
		empty  = make(chan *recordBlock, blocksAhead)
		quit   = make(chan struct{})
		read   sync.WaitGroup
		readOf segmentsReader
	)
	for range blocksAhead {
		empty <- new(recordBlock)
	}
	read.Go(func() {
		defer close(filled)
		readOf = segmentsReader{o: o, files: files, filled: filled, empty: empty, quit: quit}
		readOf.run()
	})
	d := newDecoder(s, mint, runtime.GOMAXPROCS(0))
	d.ids = from.ids
	if from.described != nil {
		d.stats.described = from.described
	}
	for b := range filled {
		if err = d.block(b); err != nil {
			break
		}
		empty <- b
	}
	close(quit)
	read.Wait()
	d.finish()
	if err == nil {
		err = readOf.err
	}
	d.stats.Torn = readOf.torn
	return d.highest, d.stats, err
}

// blocksAhead is how many blocks of records are read before they are decoded.
const blocksAhead = 8

// recordBlock is a run of records.
type recordBlock struct {
	buf  []byte
	recs []blockRecord
}

type blockRecord struct {
	end     int // in buf
	dir     string
	segment int
	offset  int64 // of its end in the segment
}

// blockBytes is how full a block becomes, but for its last record.
const blockBytes = 128 << 10

// segmentsReader reads all segments into blocks.
type segmentsReader struct {
	o      Options
	files  segments
	filled chan<- *recordBlock
	empty  <-chan *recordBlock
	quit   <-chan struct{}
	torn   bool
	err    error
}

func (r *segmentsReader) run() {
	b := <-r.empty
	if r.o.Progress != nil {
		r.o.Progress(0, len(r.files))
	}
	for i, f := range r.files {
		file := &countedFile{SegmentFile: f.SegmentFile}
		f.SegmentFile = file
		in := wlog.NewReader(wlog.NewSegmentBufReader(f))
		for in.Next() {
			rec := in.Record()
			b.buf = append(b.buf, rec...)
			b.recs = append(b.recs, blockRecord{len(b.buf), f.Dir(), f.Index(), in.Offset()})
			if len(b.buf) < blockBytes {
				continue
			}
			if b = r.next(b); b == nil {
				return
			}
		}
		if r.err = in.Err(); r.err != nil {
			if r.o.ReadOnly && i == len(r.files)-1 && file.ended && in.Offset() >= file.read {
				r.torn, r.err = true, nil
			}
			break
		}
		if r.o.Progress != nil {
			r.o.Progress(i+1, len(r.files))
		}
	}
	r.filled <- b
}

// countedFile tells whether its end was met, and where.
type countedFile struct {
	wlog.SegmentFile
	read  int64
	ended bool
}

func (f *countedFile) Read(b []byte) (int, error) {
	n, err := f.SegmentFile.Read(b)
	f.read += int64(n)
	f.ended = err != nil
	return n, err
}

// next hands a block over and returns an empty one, or nil when nobody wants more.
func (r *segmentsReader) next(b *recordBlock) *recordBlock {
	r.filled <- b
	select {
	case b = <-r.empty:
		b.buf, b.recs = b.buf[:0], b.recs[:0]
		return b
	case <-r.quit:
		return nil
	}
}

// damagedRecord says that a record which was read well cannot be understood.
func damagedRecord(r blockRecord, err error) error {
	return &wlog.CorruptionErr{Dir: r.dir, Segment: r.segment, Offset: r.offset, Err: err}
}

var errShortRecord = errors.New("record ends too early")

func unexpected(what string, err error) error { return fmt.Errorf("decode %s: %w", what, err) }
