package verdict

import "time"

// State is the word on a change.
type State string

// Collecting is a change that is too young; Healthy one of which harm beyond the
// margin is excluded; Suspicious one that looks worse and may be chance; Faulty one
// that did harm; Undecided one whose time ran out before anything could be said.
const (
	Collecting State = "collecting"
	Healthy    State = "healthy"
	Suspicious State = "suspicious"
	Faulty     State = "faulty"
	Undecided  State = "undecided"
)

// Verdict is the word on a change at a time, with what it rests on.
type Verdict struct {
	State State     `json:"state"`
	At    time.Time `json:"at"`
	// Final says that no later look will be taken.
	Final bool `json:"final"`
	// Evidence is the e-value of harm over all signals: the chance that a change
	// without effect ever shows so much is at most 1 in Evidence.
	Evidence float64 `json:"evidence"`
	// Placebos are how many times without a change were looked at in the same way,
	// Beaten how many of them showed less.
	Placebos int `json:"placebos"`
	Beaten   int `json:"beaten"`
	// Reason is a sentence for people; it says what is lacking if the word is not yet said.
	Reason  string    `json:"reason"`
	Signals []Finding `json:"signals"` // the gravest first
	// Arms is what a canary shows against the version that ran beside it; nil if there
	// were no two versions, or their series cannot be told apart.
	Arms *Comparison `json:"arms,omitempty"`
}

// Finding is what one signal shows.
type Finding struct {
	Signal string `json:"signal"`
	Unit   string `json:"unit,omitempty"`
	// Before and After are the medians of the blocks, Shift what is left of the
	// difference, in the signal's unit and with its sign, when the controls are taken
	// away. Margin is the least shift that counts as harm.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Shift  float64 `json:"shift"`
	Margin float64 `json:"margin"`
	// Harm is the e-value for "worse than before", Safe that for "not worse by the margin".
	Harm   float64 `json:"harm"`
	Safe   float64 `json:"safe"`
	Blocks int     `json:"blocks"` // since the change, with data
	// Lacks says why the signal cannot be judged; empty if it is.
	Lacks string `json:"lacks,omitempty"`
}

// worse says whether the shift is in the bad direction and beyond the margin.
func (f Finding) worse(bad int) bool { return f.Lacks == "" && f.Shift*float64(bad) >= f.Margin }

// Input is all that is known at a time. Blocks of all signals cover the same
// times: block i begins at First plus i times Step.
type Input struct {
	First time.Time
	Step  time.Duration
	// Began is when the change began. Ended is when it was done; zero means that it
	// is still under way, and blocks since Began count.
	Began, Ended time.Time
	At           time.Time
	Signals      []Signal
	// Requests are requests per second per block, nil if nobody counts them.
	Requests []float64
	// Novel are how many templates of error lines were new per block, NaN where lines were
	// not watched; nil if nobody watches them.
	Novel []float64
	// Arms are the two versions that ran at the same time; nil if there are none.
	Arms *Arms
}

// Config says how much is asked for.
type Config struct {
	// Before is how long before the change is compared with.
	Before time.Duration
	// Settle is how long after the change is left out: caches fill, pools connect.
	Settle time.Duration
	// Horizon is how long after the change a word is said at the latest.
	Horizon time.Duration
	// MinWatch is the least time before a change is called healthy.
	MinWatch time.Duration
	// MinRequests is the least number of requests on which signals that are made of them are judged.
	MinRequests float64
	// Alpha is the accepted share of changes without effect that are called faulty.
	Alpha float64
	// Relative is the least shift that counts as harm, as a share of the level before.
	Relative float64
}

// DefaultConfig compares an hour with the two before it and accepts one false
// alarm in a hundred changes that did nothing.
func DefaultConfig() Config {
	return Config{
		Before: 2 * time.Hour, Settle: 2 * time.Minute, Horizon: time.Hour, MinWatch: 15 * time.Minute,
		MinRequests: 30, Alpha: 0.01, Relative: 0.1,
	}
}

// minBlocks is the least number of blocks before and since the change that a signal needs.
const minBlocks = 6
