//go:build race

package head

// A pool drops what is put into it now and then while races are looked for.
const poolsKeep = false
