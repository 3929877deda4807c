package detector

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// ownRecords begin the names of what rules record and what is said of it already:
// forecasts, which alerts are standing, and the figures of service level objectives.
var ownRecords = []string{"tocsin:forecast:", "tocsin:alert:", "tocsin:slo:"}

// Watches reports whether a bank would watch a stored series of floats with these
// labels by itself. It does not say whether there would be room.
func Watches(l labels.Labels) bool {
	_, watch := classify(l)
	return watch
}

// classify says from its labels whether a series is watched by itself, and as
// what. Not watched so are:
//   - the buckets of classic histograms: the rate of a single bucket is noise,
//     so they are watched together, by their quantiles;
//   - ALERTS and ALERTS_FOR_STATE, which are verdicts already;
//   - tocsin_ series, which are the daemon's own, and ownRecords;
//   - bands, which another daemon may have computed.
func classify(l labels.Labels) (flags uint32, watch bool) {
	name := l.Get(labels.MetricName)
	switch {
	case name == "ALERTS", name == "ALERTS_FOR_STATE", strings.HasPrefix(name, ownPrefix), slices.ContainsFunc(ownRecords, func(p string) bool { return strings.HasPrefix(name, p) }):
		return 0, false
	case l.Has(telemetry.BandLabel):
		return 0, false
	case strings.HasSuffix(name, bucketSuffix) && l.Has(labels.BucketLabel):
		return 0, false
	}
	for _, suffix := range counterSuffixes {
		if strings.HasSuffix(name, suffix) {
			flags |= flagCounter
		}
	}
	return flags, true
}

const (
	ownPrefix    = "tocsin_"
	bucketSuffix = "_bucket"
	countSuffix  = "_count"
)

// counterSuffixes are the endings that Prometheus and OpenMetrics give to
// counters. Recorded series ("level:metric:operation") carry none of their own.
var counterSuffixes = [...]string{"_total", countSuffix, "_sum", bucketSuffix}
