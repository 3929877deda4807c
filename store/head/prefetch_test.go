package head

import (
	"unsafe"

	"github.com/tocsinhq/tocsin/internal/prefetch"
)

func prefetchLine[T any](p *T) { prefetch.Lines(unsafe.Pointer(p), 1) }
