package verdict

import "fmt"

// NovelSignal is the name under which new templates of error lines stand among signals.
const NovelSignal = "new_error_templates"

const (
	// novelMargin is the least number of new templates that counts as harm: one new
	// error line comes with many a change.
	novelMargin = 2
	// minQuiet is the least number of blocks that must have been watched before.
	minQuiet = 60
)

// quiet returns how many templates of error lines were new in each of the blocks
// before an index that were watched, however long ago: they are rare, so that two hours
// would say little.
func (j *judgement) quiet(before int) []float64 {
	return present(j.in.Novel[:min(before, len(j.in.Novel))])
}

// novelSince returns the same of the blocks since the change began. What is new is new once,
// so the time of settling is not left out.
func (j *judgement) novelSince(from, to int) []float64 {
	return j.in.Novel[min(from, len(j.in.Novel)):min(to, len(j.in.Novel))]
}

// novel judges new templates of error lines; false if nobody watches them. The e-value
// is that of package comment's betting, with the ranks of block counts among all
// earlier ones: a service that often writes something new needs much more of it.
func (j *judgement) novel() (Finding, bool) {
	if j.in.Novel == nil {
		return Finding{}, false
	}
	f := Finding{Signal: NovelSignal, Margin: novelMargin}
	bag := j.quiet(j.began)
	now := j.novelSince(j.began, j.until)
	if len(bag) < minQuiet {
		f.Lacks = fmt.Sprintf("%d of %d blocks before the change", len(bag), minQuiet)
		return f, true // with no blocks, for none was looked at
	}
	f.Blocks = len(present(now))
	before, after := 0.0, 0.0
	for _, v := range bag {
		before += v
	}
	harm := newBetting(bag, false)
	for _, v := range present(now) {
		after += v
		harm.take(v)
		f.Harm = max(f.Harm, harm.wealth())
	}
	f.Before, f.After = finite(before/float64(len(bag))*float64(f.Blocks)), after
	f.Shift = f.After - f.Before
	return f, true
}

// novelPlacebo returns how many templates were new in a time before the change, by the
// margin.
func (j *judgement) novelPlacebo(from, to int) float64 {
	sum := 0.0
	for _, v := range present(j.novelSince(from, to)) {
		sum += v
	}
	return sum / novelMargin
}
