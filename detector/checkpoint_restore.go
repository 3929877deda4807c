package detector

import (
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/prometheus/prometheus/model/labels"
)

// Restore reads what Checkpoint wrote into an empty bank; slots of series are the
// same as they were unless some had been evicted, those of histograms and buckets
// are given out anew. After it every sample gets the verdict that it would have got had
// the bank never stopped; a service whose budget is another one now has that from its
// newest sample on. Series beyond Config.MaxSeries are left out and
// counted as refused. On error the bank is as empty as before; errors.Is
// ErrCheckpoint tells bad bytes from a reader's error. What families have shown is
// worked out from the states.
//
// It reads r by one goroutine, in pieces of some hundred kilobytes, and decodes on every
// processor.
func (b *Bank) Restore(r io.Reader) error {
	if err := b.restore(r); err != nil {
		return err
	}
	b.learnFamilies()
	return nil
}

func (b *Bank) restore(r io.Reader) error {
	in := blocksReader{r: r}
	count, err := in.head()
	if err != nil {
		return err
	}
	fresh := &Bank{params: b.params, most: b.most, entries: make([]entry, 1), budgets: b.budgets, families: new(families)}
	fresh.services.of = b.services.of
	x := restoring{Bank: fresh, version: in.version, count: count}
	if err := x.blocks(&in); err != nil {
		return err
	}
	x.index()
	fresh.linkHistograms()

	b.histograms.register.Lock() // first, as where histograms are registered
	defer b.histograms.register.Unlock()
	b.register.Lock()
	defer b.register.Unlock()
	if len(b.entries) > 1 {
		return fmt.Errorf("restoring detector checkpoint: want an empty bank, got one with %d series", len(b.entries)-1)
	}
	b.byHash, b.entries, b.live = fresh.byHash, fresh.entries, fresh.live
	b.series.chunks.Store(fresh.series.chunks.Load())
	b.services.byName, b.services.names, b.services.free = fresh.services.byName, fresh.services.names, fresh.services.free
	b.services.slab.chunks.Store(fresh.services.slab.chunks.Load())
	b.days.mu.Lock()
	b.days.used = fresh.days.used
	b.days.pages.chunks.Store(fresh.days.pages.chunks.Load())
	b.days.mu.Unlock()
	b.refused.Add(fresh.refused.Load())
	b.histograms.adopt(&fresh.histograms)
	return nil
}

// blocksAhead is how many blocks are read before they are taken in, beside those that
// are being decoded.
const blocksAhead = 4

// blocks takes in all blocks, in order. It returns when nobody reads any more.
func (x *restoring) blocks(in *blocksReader) error {
	var (
		workers = runtime.GOMAXPROCS(0)
		order   = make(chan *decodedBlock, blocksAhead)
		work    = make(chan *decodedBlock, blocksAhead)
		spare   = make(chan *decodedBlock, 2*blocksAhead+workers)
		quit    = make(chan struct{})
		all     sync.WaitGroup
	)
	all.Go(func() {
		defer close(order)
		defer close(work)
		for {
			var d *decodedBlock
			select {
			case d = <-spare:
			default:
				d = &decodedBlock{done: make(chan struct{}, 1)}
			}
			d.readBlock, d.err = in.next(d.bytes)
			last := d.err != nil || len(d.bytes) == 0
			select {
			case order <- d:
			case <-quit:
				return
			}
			if work <- d; last {
				return
			}
		}
	})
	for range workers {
		all.Go(func() {
			for d := range work {
				d.decode(x.services.of)
				d.done <- struct{}{}
			}
		})
	}
	var err error
	for d := range order {
		<-d.done
		if err = d.err; err == nil && len(d.bytes) > 0 {
			err = x.take(d)
		}
		if err != nil {
			close(quit)
			break
		}
		spare <- d // there is room for as many as there can be
	}
	all.Wait()
	return err
}

// decodedBlock is a block and what can be said of it without a bank.
type decodedBlock struct {
	readBlock
	kind blockKind
	in   fields // of what is not decoded
	err  error
	done chan struct{} // told once when it is decoded

	// Of series: labels, their hashes and services.
	labels   []labels.Labels
	hashes   []uint64
	services []string
}

// decode decodes a block that was read.
func (d *decodedBlock) decode(service func(labels.Labels) string) {
	if d.err != nil || len(d.bytes) == 0 {
		return
	}
	if d.err = d.check(); d.err != nil {
		return
	}
	d.kind, d.in = blockKind(d.bytes[0]), fields{b: d.bytes[1:]}
	if d.kind != seriesBlock {
		return
	}
	var there placeBits
	copy(there[:], d.in.take(len(there)))
	d.labels, d.hashes, d.services = d.labels[:0], d.hashes[:0], d.services[:0]
	var names labelsReader
	for range there.count() {
		l, of := names.read(&d.in), ""
		if service != nil {
			of = service(l)
		}
		d.labels, d.hashes, d.services = append(d.labels, l), append(d.hashes, l.Hash()), append(d.services, of)
	}
	d.err = d.in.err
}
