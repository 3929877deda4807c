package detector

import (
	"math"
	"math/bits"
)

// params is Config and its Parameters in the units of the inner loop, with what
// follows from them worked out once. A bank has one, which never changes; all of
// its code is handed a pointer to it.
type params struct {
	Parameters

	budgetPerHour float64
	logBudget     float64 // log10 of budgetPerHour
	zone          *zone
	warmupSamples uint32
	warmupSpan    int64 // ms
	closeAfter    uint8
	closeSpan     int64 // ms that quiet samples must span besides
	relearnAfter  int64 // ms
	habituation   float64

	tailDecades float64 // -log10 Tail.Share
	tailShare   float32
	tailRest    float32   // 1 - Tail.Share
	tailSlow    float32   // slowest step of a quantile
	tailFall    float32   // what is left of the quantile after that step down
	tailFalls   []float32 // the same of the larger steps before, by how many values were seen
	tailYoung   uint16    // values after which it is the step
	tailPower   float64   // of what a tail has learned of its shape
	otherTimes  float64   // by which a residual may be larger than the quantile of the other side

	wholeLooks [wholeSteps]float32 // log10 of looksPerHour by steps in seconds, where each sample is a look

	rates rates   // of a series that is not young
	young []rates // see youngRates

	chartFloor [charts]float32 // of quantiles
	chartEnds  [charts]multiple
	chartYoung [charts]float32 // samples before which a chart says nothing
	stormEnds  [storms]multiple
	stormYoung [storms]float32

	ebbShort   float32 // longest step at which 17 samples lie within Ebb.Span
	ebbLeast   float64 // how many times the mean fits into normal at least
	ebbFloor   float64 // the part of normal below which it is not told by how much
	ebbWindow  int64   // ms
	ebbWindows int64   // of a day

	chartSpares [charts]float64 // log10 of the window: the most that a mean over it is spared
	stormSpares [storms]float64

	lessonEnds  multiple
	strideAfter uint32 // samples after which one may stride

	heldFades    float32 // Evidence.HeldFades
	longShare    float64 // 1 / Forecast.LongMemory
	rangeMemory  float64 // 1 / Forecast.RangeShrink
	changeYouth  uint32  // samples until which the share of changes is a plain mean
	alikeDecades float64 // of one gap that is like the mean of gaps, by chance
	stillTimes   float64 // 1 / Scale.StillShare
	countsReach  float64 // root of Scale.CountMost
	calmFloor    float32 // Evidence.StillLeast
	leastStep    float64 // seconds that samples which teach a page are apart at least
	turnLength   int64   // the same in ms
	turnInverse  uint64  // 2^64 / turnLength, rounded up
	turnMost     uint64  // times until which that divides
	outlookShare float64 // 1 / Outlook.Mean
	outlookDue   [horizons]multiple
	octaveParts  octaveParts
	evenMoves    float64 // share of a deviation that moves a quarter of the day at most
	evenMost     float64 // mean errors that a day may change by where no edge is; see series.even
	offsetLeast  float64 // Service.OffsetLeast
	rareLeast    float64 // evidence that surely makes no metric odd for the group
	groupFloor   float32 // smallest quantile of exp(number / Group.Scale)
}

// wholeSteps is how many steps of whole seconds are known by a table.
const wholeSteps = 601

// params works out what the inner loop needs.
func (c Config) params() params {
	place, _ := newZone(c.TimeZone) // Validate says what is wrong with it
	p := params{
		Parameters:    DefaultParameters(),
		budgetPerHour: c.Budget / hoursPerWeek,
		logBudget:     math.Log10(c.Budget / hoursPerWeek),
		zone:          place,
		warmupSamples: uint32(c.WarmupSamples),
		warmupSpan:    c.WarmupSpan.Std().Milliseconds(),
		closeAfter:    uint8(c.CloseAfter),
		relearnAfter:  c.RelearnAfter.Std().Milliseconds(),
		habituation:   c.Habituation,
	}
	if c.Parameters != nil {
		p.Parameters = *c.Parameters
	}
	p.closeSpan = int64(float64(p.closeAfter) * p.Evidence.LooksApart * 1000)
	p.prepareTail()
	p.prepareWindows()
	p.heldFades = float32(p.Evidence.HeldFades)
	p.rangeMemory = 1 / float64(p.Forecast.RangeShrink)
	p.longShare = 1 / p.Forecast.LongMemory
	p.changeYouth = uint32(math.Ceil(float64(1 / p.Evidence.ChangeRate)))
	p.alikeDecades = -math.Log10(math.Exp(p.Guard.StepAlike-1) - math.Exp(-p.Guard.StepAlike-1))
	p.stillTimes = 1 / p.Scale.StillShare
	p.countsReach = math.Sqrt(p.Scale.CountMost)
	p.calmFloor = float32(p.Evidence.StillLeast)
	p.leastStep = float64(p.Glide.Every)
	p.turnLength = p.Glide.Every * 1000
	p.turnMost = math.MaxUint64 / uint64(p.turnLength)
	p.turnInverse = p.turnMost + 1
	p.outlookShare = 1 / p.Outlook.Mean
	for i, a := range aheads {
		p.outlookDue[i] = multipleOf(uint32(a.every))
	}
	p.octaveParts.fill()
	for step := range p.wholeLooks {
		p.wholeLooks[step] = float32(math.Log10(looksPerHour(&p, float64(step))))
	}
	p.evenMoves = 1 / float64(p.Calendar.ReadRows)
	p.evenMost = p.Calendar.SharpEdge * (1 - max(p.Forecast.ErrorRate, 1/float64(p.Glide.Youth)))
	p.offsetLeast = min(float64(p.Service.OffsetLeast), 0)
	p.rareLeast = p.Group.TouchLeast - 0.001
	p.groupFloor = float32(math.Exp(p.Group.Floor / p.Group.Scale))
	return p
}

func (p *params) prepareTail() {
	x := &p.Tail
	p.tailDecades = -math.Log10(x.Share)
	p.tailShare, p.tailRest = float32(x.Share), float32(1-x.Share)
	slow := float64(x.Gain) * x.Rate
	p.tailSlow, p.tailFall = float32(slow), float32(1-slow*x.Share)
	p.tailYoung = uint16(max(1/x.Rate-float64(x.Young), 0))
	p.tailFalls = make([]float32, int(p.tailYoung)+1)
	for n := 1; n < len(p.tailFalls); n++ {
		a := tail{N: uint16(n - 1)}
		p.tailFalls[n] = 1 - a.count(p)*p.tailShare
	}
	p.tailPower = 1 - x.Pooled
	p.otherTimes = float64(1 / x.OtherSide)
}

func (p *params) prepareWindows() {
	for i, w := range p.Charts.Window {
		p.chartSpares[i] = math.Log10(float64(w))
		p.rates.chart[i], p.chartEnds[i], p.chartYoung[i] = float32(1/float64(w)), multipleOf(uint32(w)), p.Charts.Youth*w
		p.chartFloor[i] = float32(p.Charts.Floor * p.Charts.Prior[i])
	}
	for i, w := range p.Storms.Window {
		p.stormSpares[i] = math.Log10(float64(w))
		p.rates.storm[i], p.stormEnds[i], p.stormYoung[i] = float32(1/float64(w)), multipleOf(uint32(w)), p.Storms.Youth*w
	}
	p.rates.fast, p.rates.mid, p.rates.slow, p.rates.level = p.Forecast.FastRate, p.Forecast.MidRate, p.Forecast.SlowRate, p.Forecast.LevelRate
	p.young = p.youngRates()
	p.ebbShort, p.ebbLeast, p.ebbFloor = float32(p.Ebb.Span*p.Forecast.MidRate), math.Exp2(p.Ebb.Least), math.Exp2(-ebbMost)
	p.ebbWindow, p.ebbWindows = p.Ebb.Window*1000, max(secondsDay/p.Ebb.Window, 1)
	p.strideAfter = max(p.Tail.After, p.Forecast.Youth)
	p.lessonEnds = multipleOf(p.Glide.LessonSamples)
}

// turnOf returns which of the times of Glide.Every a time in ms lies in, modulo
// 65536. It divides by multiplication: 2^64 divided by n, rounded up, errs by a part of
// n, and what that comes to for a time is below one n-th while time and n multiply to less
// than 2^64. The others, before 1970 or hundreds of years ahead, are divided.
func (p *params) turnOf(t int64) uint16 {
	if uint64(t) > p.turnMost {
		return uint16(t / p.turnLength)
	}
	q, _ := bits.Mul64(uint64(t), p.turnInverse)
	return uint16(q)
}

// multiple tells multiples of a number without a division: a 32-bit n is one if
// n times the number's inverse leaves nothing over, modulo 2^64 (D. Lemire,
// O. Kaser, N. Kurz, "Faster Remainder by Direct Computation", Software: Practice
// and Experience 2019).
type multiple uint64

func multipleOf(n uint32) multiple { return multiple(math.MaxUint64/uint64(n) + 1) }

func (m multiple) divides(n uint32) bool { return uint64(n)*uint64(m) <= uint64(m)-1 }
