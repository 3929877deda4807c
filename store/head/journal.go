package head

// journal is the log of a head.
type journal struct{}
