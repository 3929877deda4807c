package store

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// The base keeps no account of who appends. A block of its own is written when all have
// ended who may have something in order for it, or not at all.
func TestGeneration_BlockOfTheBase_WaitsForTransactions(t *testing.T) {
	db, err := OpenTSDB(TSDBOptions{Dir: t.TempDir(), Config: DefaultConfig(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	add := func(name string, at int64) storage.AppenderV2 {
		app := db.AppenderV2(t.Context())
		if _, err := app.Append(0, labels.FromStrings("__name__", name), 0, at, 1, nil, nil, storage.AppendV2Options{}); err != nil {
			t.Fatal(err)
		}
		return app
	}
	width := db.last.Load().blockRange
	end := func(app storage.AppenderV2) {
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	end(add("m", 1))
	open := add("n", 2)
	end(add("m", 2*width))
	g := db.last.Load()
	g.parts.cancel() // who waits gives up
	if err := g.base.Compact(t.Context()); err == nil || !strings.Contains(err.Error(), "wait for transactions to end") {
		t.Errorf("got %v, want that it waits", err)
	}
	end(open)
	if at := g.base.Head().MinTime(); at != 1 {
		t.Errorf("the base begins at %d, want 1", at)
	}
}
