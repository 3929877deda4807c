package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/tocsinhq/tocsin/internal/disk"
	"github.com/tocsinhq/tocsin/store/head"
)

// headDir is the folder of the head in that of the TSDB, and headLog that of its log.
const headDir = "head"

var headLog = filepath.Join(headDir, "wal")

// headNote is the word for the head's note of what is in blocks.
const headNote = "head-note"

// headPrefix tells the head's log from the others in what is said of damage.
const headPrefix = headDir + "-"

// asideNote puts the head's note of what is in blocks aside: all of the log is read without
// it.
func asideNote(o TSDBOptions, note *head.NoteError, aside *asideFolder) ([]Damage, error) {
	if _, err := aside.keep(note.Path, headDir); err != nil {
		return nil, err
	}
	if err := os.Remove(note.Path); err != nil {
		return nil, fmt.Errorf("put a damaged note aside: %w", err)
	}
	found := Damage{At: o.now(), Log: headNote, Segment: filepath.Base(note.Path), Cause: note.Cause, Kept: aside.dir}
	return []Damage{found}, errors.Join(disk.SyncFolder(o.Dir), aside.prune())
}

// inBlocks returns the time before which samples of the head may be in blocks: where these
// end, or what follows from the newest sample of the base for a head that takes no floats.
func (g *generation) inBlocks() int64 {
	to := int64(math.MinInt64)
	for _, b := range g.base.Blocks() {
		to = max(to, b.Meta().MaxTime)
	}
	if newest := g.base.Head().MaxTime(); newest > math.MinInt64+g.blockRange {
		to = max(to, newest-g.blockRange/2)
	}
	return to
}

// openHead opens the head of g and replays its log. A log that is damaged is repaired
// as those of the base are, and what was found returned, also with an error.
func openHead(o TSDBOptions, d *DB, g *generation) ([]Damage, error) {
	own := o
	own.Dir = filepath.Join(o.Dir, headDir)
	if err := finishRewriting(own.Dir); err != nil {
		return nil, err
	}
	gap, err := hasGap(own.Dir)
	if err == nil && gap { // segments get other numbers than images know
		err = head.ForgetImages(own.Dir)
	}
	if err != nil {
		return nil, err
	}
	found, err := closeGaps(own)
	for i := range found {
		found[i].Log = headPrefix + found[i].Log
	}
	if err != nil {
		return found, err
	}
	aside := newAsideFolder(o.Dir, o.now())
	for turn := 0; ; turn++ {
		g.twins.Store(0)
		g.logs = prometheus.NewRegistry()
		late := new(lateSamples)
		g.head, err = head.Open(head.Options{
			Dir: own.Dir, Logger: o.Logger, BlockRange: g.blockRange, Exemplars: d.keptExemplars(),
			Registerer: prometheus.WrapRegistererWith(prometheus.Labels{"log": headDir}, g.logs),
			InBlocks:   g.inBlocks(), Compression: walCompressions[o.Config.WALCompression], SegmentSize: logSegment,
			Lifecycle: newHeadLife(g, o.Lifecycle), Exemplar: d.replayedExemplar(), Overtaken: late.add, Progress: progressOf(o.Stats),
		})
		if err == nil {
			return found, late.giveTo(g, o.Config.outOfOrderMillis())
		}
		var note *head.NoteError
		if errors.As(err, &note) { // not again, as there is none then
			more, err := asideNote(own, note, aside)
			if found = append(found, more...); err != nil {
				return found, err
			}
			turn-- // it is no repair
			continue
		}
		var corrupt *wlog.CorruptionErr
		if !errors.As(err, &corrupt) || turn == repairs {
			return found, err
		}
		more, err := repairLogs(own, headPrefix, aside)
		found = append(found, more...)
		if err == nil {
			err = aside.prune()
		}
		if err != nil {
			return found, err
		}
	}
}

// lateSamples are samples of the head's log that a newer one of their series stands
// before.
type lateSamples struct {
	mu  sync.Mutex
	all []lateSample
}

type lateSample struct {
	labels labels.Labels
	t      int64
	v      float64
}

func (l *lateSamples) add(ls labels.Labels, t int64, v float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, lateSample{ls, t, v})
}

// giveTo puts them into the base, which may have them already. They were in order when they
// were acknowledged, so that it does not matter how old they are by now. window is what the
// base else takes of late samples, in ms.
func (l *lateSamples) giveTo(g *generation, window int64) error {
	if len(l.all) == 0 {
		return nil
	}
	slices.SortStableFunc(l.all, func(a, b lateSample) int { return compare(a.t, b.t) })
	h := g.base.Head()
	if newest, oldest := h.MaxTime(), l.all[0].t; newest > oldest {
		h.SetOutOfOrderTimeWindow(max(window, newest-oldest), nil)
		defer h.SetOutOfOrderTimeWindow(window, nil)
	}
	app := g.base.AppenderV2(context.Background())
	for _, s := range l.all {
		if _, err := app.Append(0, s.labels, 0, s.t, s.v, nil, nil, storage.AppendV2Options{}); err != nil && !refusedSample(err) {
			return errors.Join(fmt.Errorf("keep late samples of the log: %w", err), app.Rollback(), g.head.Close())
		}
	}
	if err := app.Commit(); err != nil {
		return errors.Join(fmt.Errorf("keep late samples of the log: %w", err), g.head.Close())
	}
	return nil
}

// progressOf makes the progress of a replay visible to who asks for that of the TSDB,
// whose logs have been read by then.
func progressOf(s *tsdb.DBStats) func(segment, last int) {
	if s == nil || s.Head == nil || s.Head.WALReplayStatus == nil {
		return nil
	}
	p := s.Head.WALReplayStatus
	return func(segment, last int) {
		p.Lock()
		defer p.Unlock()
		p.Min, p.Max, p.Current = 0, last, segment
	}
}

// hasHead reports whether there ever was a head in the folder of a TSDB.
func hasHead(tsdb string) (bool, error) {
	_, err := os.Stat(filepath.Join(tsdb, headDir))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// fromBefore reports whether a TSDB has a log that was written before there was a head.
func fromBefore(tsdb string) (bool, error) {
	had, err := hasHead(tsdb)
	if had || err != nil {
		return false, err
	}
	segments, err := segmentsIn(filepath.Join(tsdb, logNames[0]))
	return len(segments) > 0, err
}
