package head

// index finds series by labels.
type index struct{}
