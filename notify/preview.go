package notify

// Previewer is a Channel that shows what it would send.
type Previewer interface {
	Channel
	// Preview returns the parts of what Send would send for a message without a
	// thread, in order, without sending anything. Secrets are not among them.
	Preview(m Message) ([]Part, error)
}

// Part is one piece of a preview.
type Part struct {
	Name string // of a file, such as body.json
	Type string // such as application/json
	Body []byte
}
