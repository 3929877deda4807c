package backfill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/oklog/ulid/v2"
)

// write makes the blocks of one range and puts them into the store.
func (r *run) write(ctx context.Context, start int64) error {
	var blocks []ulid.ULID
	stretches := func(do func(Stretch) error) error { return r.spool.each(start, do) }
	for pass := int64(0); stretches != nil; pass++ {
		if err := r.room(); err != nil {
			return err
		}
		w := newRanger(r.staging, r.BlockWidth.Milliseconds(), r.MaxSeries, func(s Stretch) error { return r.over.add(pass, s) }, &r.report)
		err := stretches(func(s Stretch) error { return w.add(ctx, s) })
		var made []ulid.ULID
		if err == nil {
			made, err = w.finish(ctx)
		}
		if err != nil {
			return errors.Join(err, w.abandon())
		}
		blocks = append(blocks, made...)
		if stretches = nil; r.over.has(pass) {
			stretches = func(do func(Stretch) error) error { return r.over.each(pass, do) }
		}
	}
	if err := r.over.reset(); err != nil {
		return err
	}
	if len(blocks) == 0 {
		return nil
	}
	// The mark comes first: a crash after the block would leave it without.
	r.mark.From, r.mark.To = min(r.mark.From, r.report.First), max(r.mark.To, r.report.Last)
	r.mark.Blocks = append(r.mark.Blocks, blocks...)
	if err := WriteMark(r.Data, *r.mark); err != nil {
		return err
	}
	for _, id := range blocks {
		if err := place(r.staging, filepath.Join(r.Data, "tsdb"), id); err != nil {
			return err
		}
	}
	r.report.Ranges++
	r.report.Blocks = append(r.report.Blocks, blocks...)
	return nil
}

// key names the source and everything that decides what of it is taken.
func (r *run) key(digest string) string {
	h := sha256.New()
	say := func(parts ...string) { fmt.Fprintf(h, "%q\n", parts) }
	if digest != "" {
		say("digest", digest)
	} else {
		say("source", r.Source.Name())
	}
	for _, ms := range r.Query.Selectors {
		var b strings.Builder
		for _, m := range ms {
			b.WriteString(m.String() + ",")
		}
		say("match", b.String())
	}
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		say("label", name, r.Labels[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
