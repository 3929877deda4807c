package head

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"sync"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
)

// noTime is before all samples.
const noTime = math.MinInt64

// maxRef is the highest reference that is believed. References count series that
// were ever made; those beyond must not make the next one overflow.
const maxRef = 1 << 62

// decoder takes records apart and hands on what is in them.
type decoder struct {
	sink    sink
	mint    int64 // samples older than that are in blocks
	dec     logrecord.Decoder
	ids     refTable
	shards  []shard
	work    sync.WaitGroup
	highest chunks.HeadSeriesRef
	stats   replayStats

	builder labels.ScratchBuilder
	samples []logrecord.RefSample // of a record with start times
}

// shard takes the samples of a part of the series to the sink.
type shard struct {
	batch []Sample
	full  chan []Sample
	empty chan []Sample
}

const (
	shardBatch   = 1024
	shardBatches = 4
)

func newDecoder(s sink, mint int64, shards int) *decoder {
	d := &decoder{
		sink: s, mint: mint, builder: recordLabels(), shards: make([]shard, shards),
		dec:   logrecord.NewDecoder(labels.NewSymbolTable(), slog.New(slog.DiscardHandler)),
		stats: replayStats{described: new(descriptions)},
	}
	for i := range d.shards {
		x := &d.shards[i]
		x.full, x.empty = make(chan []Sample, shardBatches), make(chan []Sample, shardBatches)
		for range shardBatches {
			x.empty <- nil // grows to its size
		}
		x.batch = <-x.empty
		d.work.Go(func() {
			for batch := range x.full {
				s.samples(batch)
				x.empty <- batch[:0]
			}
		})
	}
	return d
}

// finish delivers what waits and returns when the sink has it.
func (d *decoder) finish() {
	for i := range d.shards {
		d.shards[i].full <- d.shards[i].batch
		close(d.shards[i].full)
	}
	d.work.Wait()
}

// block decodes a run of records, up to the first that is damaged.
func (d *decoder) block(b *recordBlock) error {
	from := 0
	for _, r := range b.recs {
		if err := d.record(b.buf[from:r.end]); err != nil {
			return damagedRecord(r, err)
		}
		from = r.end
	}
	return nil
}

func (d *decoder) record(rec []byte) error {
	switch d.dec.Type(rec) {
	case logrecord.Samples:
		return unexpectedIn("samples", d.floats(rec[1:]))
	case logrecord.SamplesV2:
		return unexpectedIn("samples", d.floatsV2(rec))
	case logrecord.Series:
		return unexpectedIn("series", d.named(rec))
	case logrecord.Exemplars:
		return unexpectedIn("exemplars", d.exemplars(rec))
	case logrecord.Metadata:
		return unexpectedIn("metadata", d.metadata(rec))
	case logrecord.Tombstones:
		return unexpectedIn("tombstones", d.tombstones(rec))
	}
	d.stats.Ignored++
	return nil
}

// named takes series.
func (d *decoder) named(rec []byte) error {
	return eachSeries(rec, &d.builder, func(ref chunks.HeadSeriesRef, ls labels.Labels) {
		if ref == 0 || ref > maxRef {
			return
		}
		d.saw(ref)
		d.ids.set(ref, d.sink.series(ref, ls))
		d.stats.Series++
	})
}

func (d *decoder) saw(ref chunks.HeadSeriesRef) {
	if ref <= maxRef {
		d.highest = max(d.highest, ref)
	}
}

// floats takes samples, of which those before a damaged one are handed on.
func (d *decoder) floats(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) < 16 {
		return errShortRecord
	}
	ref0, t0 := binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))
	var page *refPage
	no := uint64(math.MaxUint64)
	highest := uint64(0)
	defer func() { d.saw(chunks.HeadSeriesRef(highest)) }()
	for b = b[16:]; len(b) > 0; {
		dref, n := varint(b)
		if n <= 0 {
			return errBadVarint
		}
		b = b[n:]
		dt, n := varint(b)
		if n <= 0 {
			return errBadVarint
		}
		b = b[n:]
		if len(b) < 8 {
			return errShortRecord
		}
		v := math.Float64frombits(binary.BigEndian.Uint64(b))
		b = b[8:]
		t := t0 + dt
		ref := ref0 + uint64(dref)
		if ref > highest && ref <= maxRef {
			highest = ref
		}
		if t < d.mint {
			d.stats.Old++
			continue
		}
		if ref>>refShift != no {
			no = ref >> refShift
			page = d.ids.page(no)
		}
		var id ID
		if page != nil {
			id = page[ref&refMask]
		}
		d.sample(id, t, v)
	}
	return nil
}

func (d *decoder) sample(id ID, t int64, v float64) {
	if id == 0 {
		d.stats.Unknown.Samples++
		return
	}
	s := &d.shards[int(id>>recordPageBits)%len(d.shards)] // neighbours share a lock
	s.batch = append(s.batch, Sample{ID: id, T: t, V: v})
	d.stats.Samples++
	if len(s.batch) == shardBatch {
		s.full <- s.batch
		s.batch = <-s.empty
	}
}

// floatsV2 takes samples that have a start time, as the head writes none.
func (d *decoder) floatsV2(rec []byte) error {
	all, err := d.dec.Samples(rec, d.samples[:0])
	if err != nil {
		return err
	}
	for _, s := range all {
		d.saw(s.Ref)
		if s.T < d.mint {
			d.stats.Old++
			continue
		}
		d.sample(d.ids.get(s.Ref), s.T, s.V)
	}
	d.samples = all
	return nil
}

func (d *decoder) exemplars(rec []byte) error {
	return eachExemplar(rec, &d.builder, func(e logrecord.RefExemplar) {
		d.saw(e.Ref)
		id := d.ids.get(e.Ref)
		switch {
		case e.T < d.mint:
			d.stats.Old++
		case id == 0:
			d.stats.Unknown.Exemplars++
		default:
			d.sink.exemplar(id, exemplar.Exemplar{Labels: e.Labels, Value: e.V, Ts: e.T, HasTs: true})
		}
	})
}

func (d *decoder) metadata(rec []byte) error {
	return eachMetadata(rec, func(m logrecord.RefMetadata) {
		d.saw(m.Ref)
		if d.ids.get(m.Ref) == 0 {
			d.stats.Unknown.Metadata++
			return
		}
		d.stats.described.set(m.Ref, describe(m).hash)
	})
}

// tombstones delete nothing here: the head writes none. The repair of a damaged log
// does, to keep the references of series whose labels are lost from being given away.
func (d *decoder) tombstones(rec []byte) error {
	all, err := d.dec.Tombstones(rec, nil)
	for _, s := range all {
		d.saw(chunks.HeadSeriesRef(s.Ref))
	}
	return err
}

var errBadVarint = errors.New("number is damaged or ends too early")

// varint reads as binary.Varint does.
func varint(b []byte) (int64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		u := b[0]
		return int64(u>>1) ^ -int64(u&1), 1
	}
	return binary.Varint(b)
}

func unexpectedIn(what string, err error) error {
	if err == nil {
		return nil
	}
	return unexpected(what, err)
}
