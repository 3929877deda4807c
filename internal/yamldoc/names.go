package yamldoc

// Names is one name or a list of names.
type Names []string

// DecodeNode reads a text or a list of texts.
func (l *Names) DecodeNode(n Node) Errors {
	if n.Kind() == Scalar {
		var one string
		errs := n.Decode(&one)
		*l = Names{one}
		return errs
	}
	return n.Decode((*[]string)(l))
}
