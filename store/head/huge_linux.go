package head

import (
	"syscall"
	"unsafe"
)

// adviseHuge asks the system to back memory by pages of 2 MiB. It is advice only: an
// error changes nothing.
func adviseHuge(b []byte) {
	const hugePage = 14 // MADV_HUGEPAGE
	from := -uintptr(unsafe.Pointer(&b[0])) % 4096
	syscall.Madvise(b[from:], hugePage)
}
