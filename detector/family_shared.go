package detector

// Families is what families have shown to several banks, each of which watches some
// of the services that make one whole, so that their verdicts are those of one bank
// for all of them. It is for one goroutine at a time; the banks read it at any time.
type Families struct {
	params params
	own    families
}

// NewFamilies returns the families of banks with this configuration, none known yet.
// Each of the banks refuses a configuration that is out of range.
func NewFamilies(c Config) *Families {
	f := &Families{own: families{fixed: c.Start}}
	if c.valid() {
		f.params = c.params()
	}
	return f
}

// WithFamilies lets new series of a bank start from what is known in f. The bank's
// Sweep then learns no families: who sweeps the banks asks Due and calls Learn.
func WithFamilies(f *Families) Option {
	return func(b *Bank) { b.families, b.shared = &f.own, true }
}

// Due reports whether families are to be learned at time now (ms), as Bank.Sweep
// would: once an hour, and once a minute while none is known.
func (f *Families) Due(now int64) bool { return f.own.due(now) }

// Learn works families out from all series of the banks, as they stand at time now
// (ms). A Sweep at that time comes after it: that does not change what series teach,
// but evicts some. It takes some microseconds for each thousand series.
func (f *Families) Learn(now int64, banks []*Bank) {
	g := gathering{found: make(map[family]*shapes)}
	for _, b := range banks {
		g.add(b)
	}
	f.own.take(&f.params, g)
	f.own.learned(now)
}
