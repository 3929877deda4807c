package rca

// window is the time in which the trouble is looked for.
func (r *ranker) window() span { return r.post }
