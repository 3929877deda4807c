package detector

import "math"

// series is all that is known of one series: a fixed number of bytes without a
// pointer, so that millions of them cost the garbage collector nothing. What an ordinary
// sample touches stands first, for cache lines are what a sample costs when there are
// millions of series: 300 bytes of 416. Levels are float64, for a small change of a large
// value must not be lost; what is compared with them is float32. Fields are written to
// checkpoints in this order: a change of the layout is a change of checkpointVersion.
type series struct {
	LastTime                   int64   // ms
	Raw                        float64 // last value as sent
	X1, Fast, Mid, Slow, Level float64 // forecasts; Level is without the season
	Long                       float64 // long level, without the season

	Flags, N             uint32
	Service              uint32  // index of its service
	Step                 float32 // seconds
	LongScale            float32
	Hi, Lo               float32 // recent range
	Quantum              float32 // smallest step between two values
	Rarity               float32 // of the last sample: log10 of hours between samples as odd
	Held                 float32 // evidence of the single samples before, fading
	Looks                float32 // log10 of looksPerHour
	Season               float32 // offset of day, week and hour in Turn
	ChangeRate, GapShare float32
	Changes, Still       uint32 // samples that differed from the one before; samples since

	Up, Down   tail
	Calm       tail            // of runs without change
	Chart      [charts]float32 // mean deviation from the long level over a window
	Storm      [storms]float32 // mean size of residuals over a window
	BeforeTime uint32          // when another long level was taken as normal; see Before
	Page       uint32

	Most    [charts]float32 // largest of the chart in the current window
	Stormy  [storms]float32 // largest of that in the current window
	Persist [charts]tail
	Burst   [storms]tail

	Turn       uint16         // turnOf the last lesson
	Generation uint16         // of its slot
	Fresh      uint16         // samples since noise was last to be learned anew, saturating
	Scale      brief          // size of an ordinary error in the last lesson; 0 before the first
	Weights    [experts]uint8 // of the mixture of forecasts in the last lesson, of the best's
	Run        int8           // samples in a row beyond the quantile, negative below
	StepRun    uint8          // samples in a row that came at another step
	Drift      [charts]uint8  // samples for which a chart has been beyond its quantile
	Gust       [storms]uint8  // the same of storms
	Kind       Kind           // of the last sample
	AgainN     uint16         // samples that Again was learned from, saturating
	Again      float32        // share of samples beyond the quantile that are followed by another

	// From here on is what an ordinary sample does not touch.

	Err                      [experts]float32
	MixErr                   float32 // error of the mixture of experts
	Bias                     float32 // powers of ten by which daily maxima exceed what they should be
	Day                      uint16  // days since 1970
	Days                     uint8   // daily maxima seen, saturating
	Longer                   longer  // how often silences and flat lines were told of late
	DayMax                   brief   // largest rarity of the current day
	Alarms                   brief   // recent alarms, fading
	AlarmsTime               uint32  // seconds since 1970, like the other times here and BeforeTime
	EpisodeSince, EpisodeEnd int64   // EpisodeEnd: last odd sample, or when it closed
	Before                   float64 // long level until BeforeTime
	FirstTime                uint32
	ShiftSince               uint32
	ShiftRun                 uint16  // saturating
	Told                     brief   // evidence of the episode that has been told
	OpenMid, OpenHalf        float32 // middle and half width of the band that the episode left
	Peak                     float32 // highest rarity of the episode
	Expected, Lower, Upper   float32 // of the last sample whose band was asked for
	Spread                   int16   // size of errors in Turn relative to the day's, less 1, in 1/spreadUnit
	FarTold                  brief   // distance from the opening band that has been told
	Power                    int16   // of the level that errors grow with, in 1/powerUnit; see power.go
	Typical                  octaves // level of which errors are; 0 before the first lesson
	Tally                    uint8   // falls of a counter that are no resets; of a gauge runs without change that were alike, see still.go
	Quiet                    uint8   // quiet samples at the end of the open episode
	EpisodeKind              Kind
	Start                    startShape // that the tails of residuals started from, see family.go
}

const (
	experts = 6
	charts  = 3
	storms  = 2
)

// Flags of a series.
const (
	flagUsed          uint32 = 1 << iota // the slot has been given out
	flagCounter                          // the name says counter
	flagGaugeAfterAll                    // the values say that it is none
	flagStale
	flagMissing
	flagOpen     // an episode is open
	flagPage     // Page is the series' own
	flagNegative // a value below zero has been seen
	flagAfter    // an episode ended a short while ago
	flagAble     // counted among the series of its service that can alarm
	flagFirst    // its page sees this time of day for the first time

	flagLoud      // larger noise was taken as normal, and is not over; see unsteady.go
	flagLoudAgain // and that had been so before, and was over
	flagUnclear   // not all of ShiftRun was far off and close to a new level
	flagCalmed    // larger noise that was taken as normal was over

	flagUntold  // the open episode was not told; see recurring.go
	flagExcused // the last sample was odd and excused

	flagLate   // samples came late, and that is not forgotten; see lag.go
	flagBehind // the newest was as old as half of the lag since that was halved last or could have been
	// Five bits count gaps that are alike, see alike.go; four bits hold the lag, see lag.go.
)

const (
	flagEven   uint32 = 1 << (28 + iota) // no edge of the day is near until the page is read again; see edge.go
	flagFar                              // the last lesson was far off normal; see recurring_span.go
	flagShrunk                           // with the level that was taken as normal last; see unit.go
)

func (s *series) has(f uint32) bool { return s.Flags&f != 0 }
func (s *series) set(f uint32)      { s.Flags |= f }
func (s *series) clear(f uint32)    { s.Flags &^= f }

// note sets or clears a flag.
func (s *series) note(f uint32, on bool) {
	if s.clear(f); on {
		s.set(f)
	}
}

// counter reports whether the series is watched as a rate.
func (s *series) counter() bool { return s.Flags&(flagCounter|flagGaugeAfterAll) == flagCounter }

// seconds returns a time in ms as seconds since 1970, within what a uint32 holds.
func seconds(t int64) uint32 { return uint32(min(max(t/1000, 0), math.MaxUint32)) }

// since returns the ms from a time in seconds until t.
func since(at uint32, t int64) int64 { return t - int64(at)*1000 }

// restart forgets all but identity and flags of the name.
func (s *series) restart(p *params) {
	*s = series{Flags: s.Flags & (flagUsed | flagCounter | flagGaugeAfterAll | flagPage | flagAble),
		Page: s.Page, Service: s.Service, Generation: s.Generation, Start: s.Start}
	s.Up, s.Down = newTail(p.Tail.Quantile, s.Start.shape(p)), newTail(p.Tail.Quantile, s.Start.shape(p))
	s.Calm = newTail(p.Evidence.StillLeast, p.Evidence.StillShape)
	s.Again = p.Runs.Prior
	for i := range s.Persist {
		s.Persist[i] = newTail(p.Charts.Prior[i], p.Charts.Shape)
	}
	for i := range s.Burst {
		s.Burst[i] = newTail(p.Storms.Prior, p.Charts.Shape)
	}
}
