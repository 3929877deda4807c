package remotewrite_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/telemetry"
)

// field is a length-delimited protobuf field.
func field(number byte, value []byte) []byte {
	b := append([]byte{number<<3 | 2}, binary.AppendUvarint(nil, uint64(len(value)))...)
	return append(b, value...)
}

// TestDecode_ManyTinyEntries_AreRefusedBeforeTheyTakeMemory sends what takes the
// most memory for its size: entries of two bytes, in a body of five MiB.
func TestDecode_ManyTinyEntries_AreRefusedBeforeTheyTakeMemory(t *testing.T) {
	many := func(entry string) []byte { return bytes.Repeat([]byte(entry), 5<<20/len(entry)) }
	in := func(number byte, value []byte) []byte { return field(number, value) }
	v2 := func(b []byte) []byte { return append([]byte("\x22\x00"), b...) }
	for _, tc := range []struct {
		name string
		body []byte
		v2   bool
	}{
		{"1.0 series", many("\x0a\x00"), false},
		{"1.0 metadata", many("\x1a\x00"), false},
		{"1.0 labels", in(1, many("\x0a\x00")), false},
		{"1.0 samples", in(1, many("\x12\x00")), false},
		{"1.0 exemplars", in(1, many("\x1a\x00")), false},
		{"1.0 histograms", in(1, many("\x22\x00")), false},
		{"1.0 labels of an exemplar", in(1, in(3, many("\x0a\x00"))), false},
		{"2.0 symbols", many("\x22\x00"), true},
		{"2.0 series", v2(many("\x2a\x00")), true},
		{"2.0 labels", v2(in(5, in(1, many("\x00")))), true},
		{"2.0 labels in many fields", v2(in(5, many("\x0a\x02\x00\x00"))), true},
		{"2.0 labels one by one", v2(in(5, many("\x08\x00"))), true},
		{"2.0 samples", v2(in(5, many("\x12\x00"))), true},
		{"2.0 histograms", v2(in(5, many("\x1a\x00"))), true},
		{"2.0 exemplars", v2(in(5, many("\x22\x00"))), true},
		{"2.0 labels of an exemplar", v2(in(5, in(4, many("\x08\x00")))), true},
		{"2.0 labels of an exemplar in one field", v2(in(5, in(4, in(1, many("\x00"))))), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var d remotewrite.DecoderV2
			var b telemetry.Batch
			err := error(nil)
			if tc.v2 {
				err = d.Decode(tc.body, &b)
			} else {
				err = remotewrite.Decode(tc.body, &b)
			}
			runtime.ReadMemStats(&after)
			var e *remotewrite.Error
			if !errors.As(err, &e) || !e.TooMany || !strings.Contains(err.Error(), "want at most 2097152 labels, samples and other entries in one request") {
				t.Errorf("got %v, want too many entries", err)
			}
			// All that was taken on the way, with what slices outgrew.
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 600<<20 {
				t.Errorf("took %d MiB", taken>>20)
			} else {
				t.Logf("took %d MiB", taken>>20)
			}
		})
	}
}

func TestDecode_LargeHonestRequest_IsTaken(t *testing.T) {
	const n = 100_000
	var d remotewrite.DecoderV2
	var b telemetry.Batch
	if err := remotewrite.Decode(benchBody(t, n), &b); err != nil || len(b.Series) != n {
		t.Errorf("1.0: got %d series, %v", len(b.Series), err)
	}
	if err := d.Decode(benchBodyV2(t, n), &b); err != nil || len(b.Series) != n {
		t.Errorf("2.0: got %d series, %v", len(b.Series), err)
	}
}
