// Package lint holds the rules of the house as tests over the tree: which
// package may import which, names, sizes, clocks, comments, and what the
// documents say of the code. It has no code of its own outside its tests. Each
// rule is a function from the parsed tree to sentences that say where a rule is
// broken and what to do instead; every rule is itself tested on a small tree
// that breaks it.
package lint
