package head

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestHead_Metrics_TellWhatWasNotTaken(t *testing.T) {
	o := testOptions(t)
	registry := prometheus.NewRegistry()
	o.Registerer = registry
	h := openHead(t, o)
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	h.files.writeAt = func(*os.File, []byte, int64) (int, error) { return 0, errors.New("no space left") }
	h.files.pending = make([]byte, 0, 64)
	for at := range int64(3 * samplesPerChunk) {
		commit(t, h, Sample{ID: id, T: at, V: float64(at) * 0.1})
	}
	if h.files.failed.Load() == 0 {
		t.Fatal("the files took all chunks")
	}
	if h.Unknown() != 0 {
		t.Fatalf("%d references are unknown in an empty log", h.Unknown())
	}
	want := `
# HELP tocsin_head_unknown_references_total Records of the log that were dropped at the start because the labels of their series are lost.
# TYPE tocsin_head_unknown_references_total counter
tocsin_head_unknown_references_total{kind="exemplar"} 0
tocsin_head_unknown_references_total{kind="metadata"} 0
tocsin_head_unknown_references_total{kind="sample"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tocsin_head_unknown_references_total"); err != nil {
		t.Fatal(err)
	}
	if n, err := testutil.GatherAndCount(registry, "tocsin_head_chunk_write_errors_total"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	closeHead(t, h)
	if n, err := testutil.GatherAndCount(registry, "tocsin_head_chunk_write_errors_total"); n != 0 || err != nil {
		t.Fatalf("after Close: %d %v", n, err)
	}
}
