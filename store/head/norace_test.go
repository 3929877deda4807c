//go:build !race

package head

const poolsKeep = true
