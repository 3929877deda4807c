//go:build amd64 || arm64

// Package prefetch asks the processor for memory before it is needed. Where the
// state of millions of series takes turns, waiting for memory is most of what a
// sample costs; what was asked for some samples early has come by then.
package prefetch

import "unsafe"

// Lines asks for so many cache lines of 64 bytes from an address on, one at least.
// It reads nothing and cannot fault: a wrong address costs time only.
//
//go:noescape
func Lines(at unsafe.Pointer, lines int)
