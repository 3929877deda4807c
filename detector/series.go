package detector

// series is all that is known of one series: a fixed number of bytes without a
// pointer, so that millions of them cost the garbage collector nothing. Fields
// are written to checkpoints in this order: a change of the layout is a change
// of checkpointVersion.
type series struct {
	LastTime, FirstTime int64   // ms
	Raw                 float64 // last value as sent
	N, Flags, Page      uint32
	Service             uint32  // index of its service
	Generation          uint16  // of its slot
	Step                float32 // seconds
	LooksStep, LogLooks float32 // log10 of looksPerHour when the step was LooksStep
	Again               float32 // share of samples beyond the quantile that are followed by another
	Fresh               uint16  // samples since noise was last to be learned anew, saturating
	AgainN              uint16  // samples that Again was learned from, saturating
	Run                 int8    // samples in a row beyond the quantile, negative below
	StepRun             uint8   // samples in a row that came at another step
	NotCounter          uint8   // falls of a counter that are no resets
	Quiet               uint8   // quiet samples at the end of the open episode
	EpisodeKind         Kind
	Kind                Kind          // of the last sample
	Drift               [charts]uint8 // samples for which a chart has been beyond its quantile

	X1, Fast, Mid, Slow, Level float64 // forecasts; Level is without the season
	Season                     float64 // of the last sample
	Long, Hi, Lo               float64
	Quantum                    float64 // smallest step between two values
	Err                        [experts]float32
	MixErr                     float32 // error of the mixture of experts
	LongScale                  float32
	Changes, Still             uint32 // samples that differed from the one before; samples since
	ChangeRate, GapShare       float32

	Up, Down tail
	Calm     tail // of runs without change
	Persist  [charts]tail
	Chart    [charts]float32 // mean deviation from the long level over a window
	Most     [charts]float32 // largest of the chart in the current window

	Alarms     float32 // recent alarms, fading
	AlarmsTime int64
	ShiftSince int64
	ShiftRun   uint32
	Before     float64 // long level until BeforeTime, when another was taken as normal
	BeforeTime int64

	Told                     float32 // evidence of the episode that has been told
	FarTold                  float32 // distance from the opening band that has been told
	OpenMid, OpenHalf        float32 // middle and half width of the band that the episode left
	EpisodeSince, EpisodeEnd int64   // EpisodeEnd: last odd sample
	Peak                     float64

	Expected, Lower, Upper, Score float64 // of the last sample
}

const (
	experts = 6
	charts  = 3
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
	flagAble     // counted among the series of its service that can alarm
)

func (s *series) has(f uint32) bool { return s.Flags&f != 0 }
func (s *series) set(f uint32)      { s.Flags |= f }
func (s *series) clear(f uint32)    { s.Flags &^= f }

// counter reports whether the series is watched as a rate.
func (s *series) counter() bool { return s.Flags&(flagCounter|flagGaugeAfterAll) == flagCounter }

// priorQuantile is where the quantile of a residual starts, in mean absolute
// errors.
const priorQuantile = 3

// A chart is the mean deviation over a window of about so many samples; its
// tail starts at three standard errors of the mean of independent deviations.
var (
	chartWindow = [charts]float64{6, 24, 96}
	chartPrior  = [charts]float64{1.4, 0.8, 0.5}
	// chartBonus sets the evidence of a chart against that of a single
	// sample, in powers of ten. A chart's tail learns the largest value of
	// each window, so that log10 of the window would be owed to it; most of
	// that is kept back because levels do wander without anything being wrong.
	chartBonus = [charts]float64{-0.4, -0.2, 0.1}
)

// restart forgets all but identity and flags of the name.
func (s *series) restart() {
	*s = series{Flags: s.Flags & (flagUsed | flagCounter | flagGaugeAfterAll | flagPage | flagAble),
		Page: s.Page, Service: s.Service, Generation: s.Generation}
	s.Up, s.Down, s.Calm = newTail(priorQuantile), newTail(priorQuantile), newTail(calmFloor)
	s.Again = runPrior
	for i := range s.Persist {
		s.Persist[i] = newTail(chartPrior[i])
	}
}
