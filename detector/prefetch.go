//go:build amd64 || arm64

package detector

import "unsafe"

// prefetch asks the processor to fetch so many cache lines from an address. It
// reads nothing and cannot fault: a wrong address costs time only.
//
//go:noescape
func prefetch(at unsafe.Pointer, lines int)
