package detector

import "math"

// series is all that is known of one series: a fixed number of bytes without a
// pointer, so that millions of them cost the garbage collector nothing. The
// fields stand in the order in which a sample touches them, cache line by cache
// line; an ordinary sample stays within the first six. Levels are float64, for a
// small change of a large value must not be lost; what is compared with them is
// float32. Fields are written to checkpoints in this order: a change of the
// layout is a change of checkpointVersion.
type series struct {
	LastTime                   int64   // ms
	Raw                        float64 // last value as sent
	X1, Fast, Mid, Slow, Level float64 // forecasts; Level is without the season
	Long                       float64 // long level, without the season

	Flags, N, Page uint32
	Step           float32 // seconds
	Err            [experts]float32
	MixErr         float32 // error of the mixture of experts
	LongScale      float32
	Hi, Lo         float32 // recent range
	Quantum        float32 // smallest step between two values
	Rarity         float32 // of the last sample: log10 of hours between samples as odd

	Up, Down tail
	Persist  [charts]tail
	Held     float32 // evidence of the single samples before, fading

	Chart  [charts]float32 // mean deviation from the long level over a window
	Most   [charts]float32 // largest of the chart in the current window
	Storm  [storms]float32 // mean size of residuals over a window
	Stormy [storms]float32 // largest of that in the current window
	Bias   float32         // powers of ten by which daily maxima exceed what they should be
	DayMax float32         // largest rarity of the current day
	Day    uint16          // days since 1970
	Days   uint16          // daily maxima seen, saturating
	Looks  float32         // log10 of looksPerHour
	Fresh  uint16          // samples since noise was last to be learned anew, saturating
	AgainN uint16          // samples that Again was learned from, saturating
	Alarms float32         // recent alarms, fading

	Burst                [storms]tail
	Calm                 tail   // of runs without change
	Changes, Still       uint32 // samples that differed from the one before; samples since
	ChangeRate, GapShare float32
	Run                  int8  // samples in a row beyond the quantile, negative below
	StepRun              uint8 // samples in a row that came at another step
	NotCounter           uint8 // falls of a counter that are no resets
	Quiet                uint8 // quiet samples at the end of the open episode
	EpisodeKind          Kind
	Kind                 Kind          // of the last sample
	Drift                [charts]uint8 // samples for which a chart has been beyond its quantile
	Gust                 [storms]uint8 // the same of storms

	EpisodeSince, EpisodeEnd int64   // EpisodeEnd: last odd sample, or when it closed
	Before                   float64 // long level until BeforeTime, when another was taken as normal
	FirstTime                uint32  // seconds since 1970, like the other times here
	AlarmsTime               uint32
	ShiftSince               uint32
	BeforeTime               uint32
	ShiftRun                 uint32
	Again                    float32        // share of samples beyond the quantile that are followed by another
	Told                     float32        // evidence of the episode that has been told
	OpenMid, OpenHalf        float32        // middle and half width of the band that the episode left
	Peak                     float32        // highest rarity of the episode
	Expected, Lower, Upper   float32        // of the last sample whose band was asked for
	Service                  uint32         // index of its service
	Weights                  [experts]uint8 // of the mixture of forecasts in the last lesson, of the best's
	Scale                    brief          // size of an ordinary error in it; 0 before the first
	Season                   float32        // offset of day, week and hour in Turn
	Spread                   int16          // size of errors then relative to the day's, less 1, in 1/spreadUnit
	Turn                     uint16         // turnOf the last lesson
	Generation               uint16         // of its slot
	Power                    int16          // of the level that errors grow with, in 1/powerUnit; see power.go
	Typical                  octaves        // level of which errors are; 0 before the first lesson
	FarTold                  brief          // distance from the opening band that has been told
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
		Page: s.Page, Service: s.Service, Generation: s.Generation}
	s.Up, s.Down, s.Calm = newTail(p.Tail.Quantile, p.Tail.Prior), newTail(p.Tail.Quantile, p.Tail.Prior), newTail(p.Evidence.StillLeast, p.Evidence.StillShape)
	s.Again = p.Runs.Prior
	for i := range s.Persist {
		s.Persist[i] = newTail(p.Charts.Prior[i], p.Charts.Shape)
	}
	for i := range s.Burst {
		s.Burst[i] = newTail(p.Storms.Prior, p.Charts.Shape)
	}
}
