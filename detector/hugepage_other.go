//go:build !linux

package detector

// preferHugePages does nothing where it is not written for the system.
func preferHugePages([]byte) {}
