package detector

import (
	"os"
	"syscall"
	"unsafe"
)

// preferHugePages asks the kernel to back memory by huge pages where it can. That
// it cannot is no error: things are slower then.
func preferHugePages(memory []byte) {
	page := uintptr(os.Getpagesize())
	from := (uintptr(unsafe.Pointer(&memory[0])) + page - 1) &^ (page - 1)
	skip := int(from - uintptr(unsafe.Pointer(&memory[0])))
	if skip < len(memory) {
		_ = syscall.Madvise(memory[skip:len(memory)&^(int(page)-1)], 14) // MADV_HUGEPAGE
	}
}
