package similar_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/store"
)

// BenchmarkNearest compares an incident of 60 weights with 2,000 past ones of as many.
func BenchmarkNearest(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	made := func() similar.Print {
		e := similar.Evidence{}
		for range 60 {
			e.Moves = append(e.Moves, similar.Move{Service: fmt.Sprint("service-", r.IntN(40)), Signal: fmt.Sprint("signal_", r.IntN(12)), Z: 100 * r.Float64()})
		}
		return similar.New(e)
	}
	past := make([]similar.Record, similar.MaxRecords)
	for i := range past {
		past[i] = similar.Record{Incident: fmt.Sprint(i), Opened: noon.Add(time.Duration(i) * time.Minute), Print: made()}
	}
	ctx := context.Background()
	db, err := store.OpenState(ctx, filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	st := similar.NewStore(db, nil)
	for _, r := range past {
		if err := st.Save(ctx, r); err != nil {
			b.Fatal(err)
		}
	}
	if past, err = st.Past(ctx, "", noon.AddDate(1, 0, 0)); err != nil || len(past) != similar.MaxRecords {
		b.Fatal(len(past), err)
	}
	p := made()
	for b.Loop() {
		similar.Nearest(p, past, similar.Most, similar.Cut)
	}
}
