package head

// floats are the records of all series and their chunks.
type floats struct{}
