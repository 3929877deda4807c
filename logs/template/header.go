package template

// header is where a line's own text begins, and by which layout.
type header struct {
	at int32
}

type headers struct{}

func (h *headers) cut(body []byte, vars *[]Var) header { return header{} }
