package backfill

import (
	"math"
	"time"

	"github.com/oklog/ulid/v2"
)

// Report says what an import did, or would do.
type Report struct {
	Samples    int64 // taken, floats and histograms
	Histograms int64 // of these
	Series     int
	First      int64 // ms, of the samples taken; see Any
	Last       int64
	Blocks     []ulid.ULID // put into the store
	Ranges     int         // of time, of which each is one block or more
	Known      int         // ranges, or windows of a source, that an earlier import had done
	// Of what was read and not taken:
	Unmatched int64 // series by the selectors
	Outside   int64 // samples not between the times asked for
	Expired   int64 // samples older than the retention
	Future    int64 // samples later than can be
	Repeated  int64 // samples that were there already, alike
	Conflicts int64 // samples with the time of another and another value; the first stays
	Skipped   map[string]int64
}

// Any says whether anything was taken, so that First and Last are times.
func (r Report) Any() bool { return r.Samples > 0 }

func newReport() Report { return Report{First: math.MaxInt64, Last: math.MinInt64} }

// stamp writes a time in milliseconds for people.
func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
