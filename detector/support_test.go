package detector_test

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// expose returns the figures of a set by name with labels.
func expose(set *metrics.Set) map[string]float64 {
	var buf bytes.Buffer
	set.WritePrometheus(&buf)
	out := map[string]float64{}
	for line := range strings.Lines(buf.String()) {
		name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[name], _ = strconv.ParseFloat(number, 64)
	}
	return out
}
