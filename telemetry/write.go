package telemetry

import (
	"cmp"
	"slices"
	"sort"
)

// Reasons for which a series or sample is refused. They are the last word of
// the sentence the sender gets, in square brackets, and the reason label of
// tocsin_ingest_rejected_total.
const (
	ReasonMissingName   = "missing_metric_name"
	ReasonInvalidLabel  = "invalid_label"
	ReasonDuplicate     = "duplicate_label"
	ReasonLabelTooLong  = "label_too_long"
	ReasonTooManyLabels = "too_many_labels"
	ReasonOutOfOrder    = "out_of_order"
	ReasonTooOld        = "too_old"
	ReasonDuplicateTime = "duplicate_timestamp"
	ReasonFuture        = "too_far_in_future"
	ReasonBadTime       = "bad_timestamp"
	ReasonBadHistogram  = "bad_histogram"
	ReasonSeriesLimit   = "series_limit"
	ReasonSourceLimit   = "source_series_limit"
	ReasonMemoryLimit   = "memory_limit"
	ReasonMixedTypes    = "mixed_sample_types"
	ReasonNoSeries      = "exemplar_without_series"
	ReasonReference     = "bad_reference" // to a symbol of remote write 2.0
)

// Rejection is one refused series or sample: which, why, and what to do.
type Rejection struct {
	Series  int    // index in the batch, from 0
	Labels  string // the series as text, shortened to at most 256 bytes
	Reason  string // one of the Reason constants
	Message string // one sentence with the value got and the value wanted
	Samples int    // samples lost by it; 0 when a series without samples was refused
	// Exemplars are those that were left out with the samples, and that nobody else counts.
	Exemplars int
}

// WriteResult says what became of a batch. A batch is never refused whole
// because of one bad series: the good part is stored and Rejected names the
// rest. Rejected holds the first MaxRejections in batch order; Refused counts
// all by reason.
type WriteResult struct {
	Stored     int            // samples now durable in the write-ahead log
	Histograms int            // how many of Stored are native histograms
	Exemplars  int            // exemplars now in store, those that were there already included
	Rejected   []Rejection    // the first MaxRejections, in batch order
	Refused    map[string]int // samples (or series without samples) refused, by reason
	// RefusedSeries are the indexes in the batch of all series of which something was
	// refused, in the order of the rejections, each once in a run. Protocols that
	// count in other units than samples need them.
	RefusedSeries []int
	// DroppedExemplars counts by reason those that were left out with what was refused
	// before the store was asked; it counts what it drops itself.
	DroppedExemplars map[string]int
}

// MaxRejections bounds the details kept in a WriteResult.
const MaxRejections = 10

// Reject counts a rejection and keeps its detail while there is room.
func (r *WriteResult) Reject(x Rejection) {
	if r.Refused == nil {
		r.Refused = make(map[string]int)
	}
	r.Refused[x.Reason] += max(1, x.Samples)
	r.dropExemplars(x.Reason, x.Exemplars)
	if n := len(r.RefusedSeries); n == 0 || r.RefusedSeries[n-1] != x.Series {
		r.RefusedSeries = append(r.RefusedSeries, x.Series)
	}
	if len(r.Rejected) < MaxRejections {
		r.Rejected = append(r.Rejected, x)
	}
}

func (r *WriteResult) dropExemplars(reason string, n int) {
	if n == 0 {
		return
	}
	if r.DroppedExemplars == nil {
		r.DroppedExemplars = make(map[string]int)
	}
	r.DroppedExemplars[reason] += n
}

// OverLimit reports whether nothing was stored and nothing was wrong with what was
// refused: it would have been stored below a limit of the store.
func (r *WriteResult) OverLimit() bool {
	for reason := range r.Refused {
		if reason != ReasonSeriesLimit && reason != ReasonSourceLimit && reason != ReasonMemoryLimit {
			return false
		}
	}
	return r.Stored == 0 && len(r.Refused) > 0
}

// Merge adds what became of another part of the same batch. The details stay in
// the order of the batch.
func (r *WriteResult) Merge(x WriteResult) {
	r.Stored += x.Stored
	r.Histograms += x.Histograms
	r.Exemplars += x.Exemplars
	if len(x.Refused) == 0 {
		return
	}
	if r.Refused == nil {
		r.Refused = make(map[string]int)
	}
	for reason, n := range x.Refused {
		r.Refused[reason] += n
	}
	for reason, n := range x.DroppedExemplars {
		r.dropExemplars(reason, n)
	}
	r.RefusedSeries = append(r.RefusedSeries, x.RefusedSeries...)
	slices.Sort(r.RefusedSeries)
	r.RefusedSeries = slices.Compact(r.RefusedSeries)
	r.Rejected = append(r.Rejected, x.Rejected...)
	slices.SortStableFunc(r.Rejected, func(a, b Rejection) int { return cmp.Compare(a.Series, b.Series) })
	r.Rejected = r.Rejected[:min(len(r.Rejected), MaxRejections)]
}

// MergeLeftOut adds what was refused of a request before the rest of it became the batch
// that r is of. x counts in the series of the request, in their order; r does so from
// then on.
func (r *WriteResult) MergeLeftOut(x WriteResult) {
	left := x.RefusedSeries
	if len(left) == 0 {
		return
	}
	number := func(i int) int {
		return i + sort.Search(len(left), func(k int) bool { return left[k]-k > i })
	}
	for i := range r.Rejected {
		r.Rejected[i].Series = number(r.Rejected[i].Series)
	}
	for i, n := range r.RefusedSeries {
		r.RefusedSeries[i] = number(n)
	}
	r.Merge(x)
}

// RefusedTotal returns the sum over all reasons.
func (r *WriteResult) RefusedTotal() int {
	n := 0
	for _, c := range r.Refused {
		n += c
	}
	return n
}
