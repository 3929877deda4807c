package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Thresholds of e-values. Suspicion is told to people and binds nobody; harm must
// be excluded at the usual 5 %.
const (
	suspicious = 10
	excluded   = 20
)

// Judge says what is known of a change. It never looks at blocks that end after
// Input.At. Without any signal that can be judged the verdict is Collecting, and
// Undecided when the horizon is over.
func Judge(c Config, in Input) Verdict {
	j := newJudgement(c, in)
	v := Verdict{At: in.At, State: Collecting}
	for i := range in.Signals {
		v.Signals = append(v.Signals, j.finding(i))
	}
	v.Evidence = j.sup(j.began, j.since, j.until)
	worse := false
	for i, f := range v.Signals {
		worse = worse || f.worse(in.Signals[i].Bad) && f.Harm >= suspicious
	}
	novel, watched := j.novel()
	if watched {
		worse = worse || novel.worse(1) && novel.Harm >= suspicious
	}
	if worse && v.Evidence >= suspicious {
		v.State = Suspicious
		if v.Evidence >= 1/c.Alpha {
			v.Placebos, v.Beaten = j.placebos(v, novel)
			if beyond(c, v) {
				v.State = Faulty
			}
		}
	}
	j.conclude(&v)
	if watched {
		if v.State == Healthy && novel.worse(1) {
			v.State = Collecting // no signal is worse, but it writes new errors
			if v.Final {
				v.State = Undecided
			}
		}
		v.Signals = append(v.Signals, novel)
	}
	j.judgeArms(&v)
	order(&v, in.Signals)
	v.Reason = j.reason(v)
	return v
}

// beyond says whether evidence stands out from times without a change: at most half
// of the accepted share of them may have moved as far, since a change is looked at
// many times. Few placebos prove little, so that the evidence must then be stronger.
func beyond(c Config, v Verdict) bool {
	shown := v.Placebos - v.Beaten
	if share := float64(shown+1) / float64(v.Placebos+1); share <= c.Alpha/2 {
		return true
	}
	return shown == 0 && v.Evidence >= 10/c.Alpha
}

// tiny is the margin of a signal that never moved and has no floor.
const tiny = 1e-9

// judgement is the working memory of one call.
type judgement struct {
	c         Config
	in        Input
	residuals [][]float64
	began     int // first block of the change
	since     int // first block that counts as after it
	until     int // first block that is not yet over
	// armSince and armUntil are the blocks in which two versions may have run.
	armSince, armUntil int
	before             int // blocks compared with
}

func newJudgement(c Config, in Input) *judgement {
	j := &judgement{c: c, in: in, before: int(c.Before / in.Step)}
	blocks := 0
	for _, s := range in.Signals {
		blocks = max(blocks, len(s.Values))
	}
	if in.Arms != nil {
		for _, s := range in.Arms.Signals {
			blocks = max(blocks, len(s.Canary))
		}
	}
	index := func(t time.Time, up bool) int {
		d := t.Sub(in.First)
		if up {
			d += in.Step - 1
		}
		return min(max(int(d/in.Step), 0), blocks)
	}
	end := in.Ended
	if end.IsZero() {
		end = in.Began
	}
	j.began = index(in.Began, false)
	j.since = index(end.Add(c.Settle), true)
	j.until = min(index(in.At, false), index(end.Add(c.Settle+c.Horizon), true))
	j.until = max(j.until, j.since)
	j.armSince, j.armUntil = index(in.Began.Add(c.Settle), true), index(in.At, false)
	if !in.Ended.IsZero() {
		j.armUntil = min(j.armUntil, index(in.Ended, false))
	}
	j.armUntil = max(j.armUntil, j.armSince)
	for _, s := range in.Signals {
		j.residuals = append(j.residuals, s.residual(j.began))
	}
	return j
}

// window returns the residuals of a signal in the blocks before a time, as many as
// are compared with, that have data.
func (j *judgement) window(signal, end int) []float64 {
	return present(j.residuals[signal][max(0, end-j.before):end])
}

// finding judges one signal by itself.
func (j *judgement) finding(i int) Finding {
	s := j.in.Signals[i]
	f := Finding{Signal: s.Name, Unit: s.Unit}
	bag, now := j.window(i, j.began), present(j.residuals[i][j.since:j.until])
	f.Blocks = len(now)
	f.Before, _ = levelScale(s.Values[max(0, j.began-j.before):j.began])
	f.After, _ = levelScale(s.Values[j.since:j.until])
	f.Lacks = j.lacks(s, len(bag), len(now))
	if len(bag) < minBlocks || len(now) == 0 {
		f.Before, f.After = finite(f.Before), finite(f.After)
		return f
	}
	_, scale := levelScale(bag)
	f.Shift = finite(j.shift(i, j.began, j.since, j.until) * float64(s.Bad))
	f.Margin = max(s.Floor, j.c.Relative*math.Abs(f.Before), 2*scale, tiny)
	harm := newBetting(bag, false)
	for k := range bag {
		bag[k] += f.Margin
	}
	safe := newBetting(bag, true)
	for _, v := range now {
		harm.take(v)
		safe.take(v)
	}
	f.Harm, f.Safe = harm.wealth(), safe.wealth()
	f.Before, f.After = finite(f.Before), finite(f.After)
	return f
}

func (j *judgement) lacks(s Signal, before, since int) string {
	switch {
	case before < minBlocks:
		return fmt.Sprintf("%d of %d blocks before the change", before, minBlocks)
	case since < minBlocks:
		return fmt.Sprintf("%d of %d blocks since the change", since, minBlocks)
	}
	if n, known := j.requests(); s.PerRequest && known && n < j.c.MinRequests {
		return fmt.Sprintf("%.0f of %.0f requests since the change", n, j.c.MinRequests)
	}
	return ""
}

// requests returns how many were made since the change, and whether it is known.
func (j *judgement) requests() (float64, bool) {
	return j.requestsOf(j.in.Requests, j.since, j.until)
}

func (j *judgement) requestsOf(rates []float64, since, until int) (float64, bool) {
	if rates == nil {
		return 0, false
	}
	n := 0.0
	for _, r := range present(rates[min(since, len(rates)):min(until, len(rates))]) {
		n += max(0, r) * j.in.Step.Seconds()
	}
	return n, true
}

// sup returns the greatest mean wealth over all signals that have data, for a
// change at block began whose effect is looked for from since to until.
func (j *judgement) sup(began, since, until int) float64 {
	var processes []*betting
	var values [][]float64
	for i := range j.in.Signals {
		bag := j.window(i, began)
		if len(bag) < minBlocks {
			continue
		}
		processes = append(processes, newBetting(bag, false))
		values = append(values, j.residuals[i][since:until])
	}
	if bag := j.quiet(began); len(bag) >= minQuiet {
		p := newBetting(bag, false)
		for _, v := range present(j.novelSince(began, since)) {
			p.take(v)
		}
		processes = append(processes, p)
		values = append(values, padded(j.novelSince(since, until), until-since))
	}
	if len(processes) == 0 {
		return 0
	}
	best := 0.0
	for k := range until - since {
		sum := 0.0
		for i, p := range processes {
			if v := values[i][k]; !math.IsNaN(v) {
				p.take(v)
			}
			sum += p.wealth()
		}
		best = max(best, sum/float64(len(processes)))
	}
	return best
}

// placebos looks at times before the change as if there had been one, and returns
// how many there are and how many of them moved less than the signals did now. What
// is compared is the shift over its margin, the greatest of all signals: ranks alone
// would take a slow ramp of every morning for as grave as a leap.
func (j *judgement) placebos(v Verdict, novel Finding) (n, beaten int) {
	span, wait := j.until-j.since, j.since-j.began
	first, last := j.before/2, j.began-span-wait
	stride := max(1, (last-first)/maxPlacebos)
	now := 0.0
	if novel.Lacks == "" && novel.Margin > 0 {
		now = novel.After / novel.Margin
	}
	for i, f := range v.Signals {
		if f.Margin > 0 {
			now = max(now, f.Shift*float64(j.in.Signals[i].Bad)/f.Margin)
		}
	}
	for t := first; t <= last; t += stride {
		n++
		most := j.novelPlacebo(t, t+wait+span)
		for i, f := range v.Signals {
			if f.Margin > 0 {
				most = max(most, finite(j.shift(i, t, t+wait, t+wait+span)/f.Margin))
			}
		}
		if most < now {
			beaten++
		}
	}
	return n, beaten
}

// shift returns by how much the later half of the blocks from since to until lies
// above those before began; NaN if either has no data.
func (j *judgement) shift(i, began, since, until int) float64 {
	level, _ := levelScale(j.residuals[i][max(0, began-j.before):began])
	now := present(j.residuals[i][since:until])
	recent, _ := levelScale(now[len(now)/2:]) // what stands now, not what passed
	return recent - level
}

// maxPlacebos bounds the work of a judgement.
const maxPlacebos = 600

// conclude decides between the words that do no harm.
func (j *judgement) conclude(v *Verdict) {
	end := j.in.Ended
	if end.IsZero() {
		end = j.in.Began
	}
	watched := j.in.At.Sub(end)
	over := !j.in.Ended.IsZero() && watched >= j.c.Settle+j.c.Horizon
	switch v.State {
	case Faulty:
		v.Final = true
		return
	case Suspicious:
		if over {
			v.State, v.Final = Undecided, true
		}
		return
	}
	judged, safe := 0, 0
	for _, f := range v.Signals {
		if f.Lacks == "" {
			judged++
			if f.Safe >= excluded {
				safe++
			}
		}
	}
	if judged > 0 && safe == judged && watched >= j.c.MinWatch {
		v.State, v.Final = Healthy, !j.in.Ended.IsZero()
		return
	}
	if over {
		v.State, v.Final = Undecided, true
	}
}

// order puts the gravest signal first.
func order(v *Verdict, signals []Signal) {
	slices.SortStableFunc(v.Signals, func(a, b Finding) int {
		switch {
		case a.Harm > b.Harm:
			return -1
		case a.Harm < b.Harm:
			return 1
		}
		return strings.Compare(a.Signal, b.Signal)
	})
}

// orderArms does it for a comparison.
func orderArms(c *Comparison) {
	slices.SortStableFunc(c.Signals, func(a, b ArmFinding) int {
		return cmp.Or(cmp.Compare(b.Harm, a.Harm), strings.Compare(a.Signal, b.Signal))
	})
}

// padded returns values with no data up to a length.
func padded(values []float64, n int) []float64 {
	out := make([]float64, n)
	for i := copy(out, values); i < n; i++ {
		out[i] = math.NaN()
	}
	return out
}

func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
