package bands

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// selection is a selector taken apart: which stored series, and which parts of
// their bands, as places in parts.
type selection struct {
	base []*labels.Matcher
	want []int
}

// split takes a selector apart. It returns false for one that selects stored
// series: it has no matcher on the label, or only such as also match its lack.
func split(ms []*labels.Matcher) (selection, bool) {
	s := selection{want: []int{0, 1, 2, 3, 4, 5}}
	for _, m := range ms {
		if m.Name != telemetry.BandLabel {
			s.base = append(s.base, m)
			continue
		}
		s.want = slices.DeleteFunc(s.want, func(i int) bool { return !m.Matches(parts[i]) })
	}
	// A stored series with the label has no band: it is one, of another daemon.
	s.base = append(s.base, labels.MustNewMatcher(labels.MatchEqual, telemetry.BandLabel, ""))
	return s, Selected(ms)
}

// Selected reports whether a selector asks for bands rather than stored series.
func Selected(ms []*labels.Matcher) bool {
	for _, m := range ms {
		if m.Name == telemetry.BandLabel && !m.Matches("") {
			return true
		}
	}
	return false
}
