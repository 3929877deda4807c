package detector

// series is all that is known of one series: a fixed number of bytes without a
// pointer, so that millions of them cost the garbage collector nothing. Fields
// are exported to encoding/binary by order; a change of the layout is a change
// of the checkpoint version.
type series struct {
	LastTime, FirstTime int64 // ms
	Raw                 float64
	N, Flags, Page      uint32
	Step                float32 // seconds
	StepRun             uint8   // samples in a row that came at another step
	NotCounter          uint8   // falls of a counter that are no resets
	Expert              uint8   // the expert that forecast the last sample
	Kind                Kind

	X1, Fast, Mid, Slow, Level float64 // forecasts; Level is without the season
	Err                        [experts]float32
	Season                     float64 // season at LastTime
	Long, Hi, Lo               float64
	LongScale                  float32
	Quantum                    float64 // smallest step between two values
	Changes, Still             uint32  // samples that differed from the one before; samples since
	ChangeRate                 float32

	Up, Down   tail
	Persist    [charts]tail
	Chart      [charts]float32
	Most       [charts]float32 // largest of the chart in the current window
	Quick      float32         // mean of log residual, short and long memory
	Usual      float32
	Stormy     tail
	Calm       tail
	GapShare   float32 // share of steps without a sample
	Habit      float32 // powers of ten by which the threshold is raised
	HabitTime  int64
	ShiftSince int64
	ShiftRun   uint32

	EpisodeSince, EpisodeEnd int64 // EpisodeEnd: last odd sample
	Peak                     float64
	Told                     float32
	Quiet                    uint8
	State                    Phase
	EpisodeKind              Kind
	_                        [1]uint8

	Watched, Expected, Lower, Upper, Score float64 // of the last sample
}

const (
	experts = 6
	charts  = 3
)

// Flags of a series.
const (
	flagCounter uint32 = 1 << iota // the name says counter
	flagGaugeAfterAll
	flagStale
	flagMissing
	flagOpen
	flagPage
	flagUsed // the slot has been given out
)

func (s *series) has(f uint32) bool { return s.Flags&f != 0 }
func (s *series) set(f uint32)      { s.Flags |= f }
func (s *series) clear(f uint32)    { s.Flags &^= f }

// counter reports whether the series is watched as a rate.
func (s *series) counter() bool { return s.Flags&(flagCounter|flagGaugeAfterAll) == flagCounter }

// Quantile priors in units of the mean absolute error: three for a residual;
// for a chart of window w the standard error of w independent residuals, times
// three.
const priorQuantile = 3

var chartWindow = [charts]float64{6, 24, 96}

// A chart's tail learns the largest value of each window, since values within a
// window are one; a chart therefore looks that much less often than a sample.
var chartDecades = [charts]float64{0.3, 0.6, 0.9}
var chartPrior = [charts]float64{1.4, 0.8, 0.5}

// restart forgets all but identity and flags of the name.
func (s *series) restart() {
	*s = series{Flags: s.Flags & (flagUsed | flagCounter | flagGaugeAfterAll | flagPage), Page: s.Page}
	s.Up, s.Down = newTail(priorQuantile), newTail(priorQuantile)
	for i := range s.Persist {
		s.Persist[i] = newTail(chartPrior[i])
	}
	s.Stormy, s.Calm = newTail(1), newTail(1.5)
}
