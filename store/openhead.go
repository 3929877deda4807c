package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/tocsinhq/tocsin/store/head"
)

// headDir is the folder of the head in that of the TSDB, and headLog that of its log.
const headDir = "head"

var headLog = filepath.Join(headDir, "wal")

// headPrefix tells the head's log from the others in what is said of damage.
const headPrefix = headDir + "-"

// openHead opens the head of g and replays its log. A log that is damaged is repaired
// as those of the base are, and what was found returned, also with an error.
func openHead(o TSDBOptions, d *DB, g *generation) ([]Damage, error) {
	own := o
	own.Dir = filepath.Join(o.Dir, headDir)
	if err := finishRewriting(own.Dir); err != nil {
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
		g.head, err = head.Open(head.Options{
			Dir: own.Dir, Logger: o.Logger, BlockRange: g.blockRange,
			Registerer:  prometheus.WrapRegistererWith(prometheus.Labels{"log": headDir}, g.logs),
			Compression: walCompressions[o.Config.WALCompression], SegmentSize: logSegment,
			Lifecycle: headLife{g, o.Lifecycle}, Exemplar: d.replayedExemplar(),
		})
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

// hasHead reports whether there ever was a head in the folder of a TSDB.
func hasHead(tsdb string) (bool, error) {
	_, err := os.Stat(filepath.Join(tsdb, headDir))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
