//go:build !linux

package head

// adviseHuge does nothing: other systems decide on the size of pages themselves.
func adviseHuge([]byte) {}
