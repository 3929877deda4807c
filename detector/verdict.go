package detector

// Slot is the place of a series in a Bank in the lower 32 bits, from 1 and dense,
// and the generation of that place above them. It is good until the series is
// evicted; after that Observe says PhaseGone for it, whoever has taken the place.
// The zero value means "not watched". Those of buckets and of native histograms are
// marked by the uppermost bits and are for Bank.Feed and Bank.FeedHistogram only.
type Slot uint64

// What the uppermost bits mark; generations stay below them.
const (
	bucketSlot Slot = 1 << 63
	nativeSlot Slot = 1 << 62
	slotKinds       = bucketSlot | nativeSlot
)

// OutsideSlot is set in no slot that a Bank gives out: who stands before a Bank may
// mark by it what is its own.
const OutsideSlot Slot = 1 << 61

// A slot that was refused has no place, and in place of a generation the number of
// evictions, from 1 and modulo refusedEpochs, at which room was looked for in vain.
// goneSlot is one of no such number: whoever has it is to ask again.
const (
	refusedEpochs      = 1 << 27
	goneSlot      Slot = (refusedEpochs + 1) << 32
)

func refusedSlot(epoch uint32) Slot { return slotOf(0, epoch%refusedEpochs+1) }

// Watched reports whether the slot was given to a series, a bucket or a native
// histogram. One that is not may be
// of a kind that is never watched (0), or have been refused because the bank was
// full; Observe says PhaseGone for the latter when there may be room, and Feed false.
func (s Slot) Watched() bool { return uint32(s) != 0 }

// Refused reports whether the bank was full when the slot was asked for.
func (s Slot) Refused() bool { return s != 0 && !s.Watched() }

// Bucket reports whether the slot is that of a bucket of a classic histogram,
// whose samples mean something only together with those of its other buckets.
func (s Slot) Bucket() bool { return s&bucketSlot != 0 }

// ofSeries reports whether the slot was given to a series.
func (s Slot) ofSeries() bool { return uint32(s) != 0 && s&slotKinds == 0 }

func (s Slot) native() bool       { return s&slotKinds == nativeSlot }
func (s Slot) place() uint32      { return uint32(s) }
func (s Slot) generation() uint32 { return uint32((s &^ slotKinds) >> 32) }

func slotOf(place, generation uint32) Slot { return Slot(generation)<<32 | Slot(place) }

// Kind says in what way a sample is odd.
type Kind uint8

// The kinds of oddity. KindNone goes with scores below the threshold.
const (
	KindNone Kind = iota
	KindSpike
	KindDip
	KindLevelShift
	KindTrend
	KindVariance
	KindFlatline
	KindMissing
	KindSeasonalBreak
	KindShape // a sequence of levels that the series has not shown before
	KindGroup // several metrics of a service together
)

var kindNames = [...]string{"none", "spike", "dip", "level_shift", "trend", "variance", "flatline", "missing", "seasonal_break", "shape", "group"}

// String returns the name used in JSON, logs and metrics.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Phase says what a Verdict tells about its episode.
type Phase uint8

// An episode opens once, may change its kind or rise while it is open, and
// closes once. A series whose data stop while an episode is open closes with
// PhaseLost, which is not a recovery.
const (
	PhaseQuiet Phase = iota
	PhaseOpened
	PhaseChanged
	PhaseClosed
	PhaseLost
	PhaseOngoing // inside an episode, with nothing new to tell
	PhaseGone    // no verdict: the series was evicted or refused, register it again
)

var phaseNames = [...]string{"quiet", "opened", "changed", "closed", "lost", "ongoing", "gone"}

// String returns the name used in JSON, logs and metrics.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

// Verdict is the detector's word on one sample of one series. Times are
// milliseconds since the Unix epoch, the sample's own. Value, Expected, Lower
// and Upper are in the unit that is watched: the sample's unit for gauges, per
// second for counters (Rate is then true). Expected, Lower and Upper are NaN
// while the series is too young to have a band. Score is in [0, 1] and means
// the same over all series, whatever their step: 1 - Score is an estimate of
// the share of ordinary hours of this series that hold a sample at least as
// odd. A value lies outside of [Lower, Upper] if and only if Score reaches the
// threshold, which is Config.Threshold moved by what the series owes to its
// service, and is not excused as what recurs at this time, which is within
// the band whatever its score; flatline, shape and missing, where the oddity is not
// in the value alone, have no band. Kind is the sample's own; inside an episode it is that of
// the episode's highest score.
type Verdict struct {
	Slot     Slot
	Time     int64
	Since    int64 // time of the episode's first odd sample; 0 when Phase is PhaseQuiet
	Value    float64
	Expected float64
	Lower    float64
	Upper    float64
	Score    float64
	Peak     float64 // highest score of the episode so far
	Kind     Kind
	Phase    Phase
	Rate     bool
	Excused  bool   // odd by its score and not told, since it recurs at this time
	Side     int8   // of the band that the episode left: 1 above its middle, -1 below, 0 when there is no episode or was no band
	Group    *Group // set for KindGroup, whose Slot is 0: the verdict is on a service
}
