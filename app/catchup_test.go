package app_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/app"
)

// inBlock is a sample of a block.
type inBlock struct {
	chunks.Sample // of a sort that a float is not
	t             int64
}

func (inBlock) Type() chunkenc.ValueType { return chunkenc.ValFloat }
func (s inBlock) T() int64               { return s.t }
func (s inBlock) F() float64             { return float64(s.t % 7) }
func (s inBlock) Copy() chunks.Sample    { return s }

// damagedBlock puts a block with samples of an hour into a folder of blocks, flips a bit
// of them, and returns its name.
func damagedBlock(t *testing.T, dir string, from time.Time) string {
	t.Helper()
	var samples []chunks.Sample
	for i := range int64(240) {
		samples = append(samples, inBlock{t: from.UnixMilli() + i*15_000})
	}
	series := storage.NewListSeries(labels.FromStrings("__name__", "imported", "service", "pay"), samples)
	block, err := tsdb.CreateBlock([]storage.Series{series}, dir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(block, "chunks", "000001")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)/2] ^= 1
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(block)
}

// A detector that cannot read what came after its checkpoint would stand behind its gate
// for ever and tell nothing: the daemon ends, and says of what series it could not be read.
func TestApp_CatchUpFails_EndsWithWhatAndWhere(t *testing.T) {
	killed := checkpointed(t).killed(true)
	d := &daemon{t: t, dir: t.TempDir(), log: new(text), console: new(text)}
	if err := os.Rename(killed.dir, filepath.Join(d.dir, "data")); err != nil {
		t.Fatal(err)
	}
	damagedBlock(t, filepath.Join(d.dir, "data", "tsdb"), killed.now)
	d.make()
	ended := make(chan error, 1)
	go func(a *app.App) { ended <- a.Run(t.Context()) }(d.app)
	select {
	case err := <-ended:
		if err == nil {
			t.Fatalf("ended without an error; its log:\n%s", d.log)
		}
		for _, want := range []string{"detector", "read stored samples", "imported", "checksum"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want it to say %q", err, want)
			}
		}
	case <-time.After(time.Minute):
		t.Fatalf("the daemon goes on with a detector that has not caught up; its log:\n%s", d.log)
	}
}
