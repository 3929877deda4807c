package outbound

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tocsinhq/tocsin/notify"
)

// JSONPart returns a value as an indented part of a preview.
func JSONPart(name string, v any) (notify.Part, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return notify.Part{}, fmt.Errorf("write %s: %w", name, err)
	}
	return notify.Part{Name: name, Type: "application/json", Body: readable(b.Bytes())}, nil
}

// readable writes <, > and & as they are where a type of a library has escaped them
// by itself. A backslash that is escaped does not begin an escape.
func readable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		if sign, ok := map[string]byte{"u003c": '<', "u003e": '>', "u0026": '&'}[string(b[i+1:min(i+6, len(b))])]; ok {
			out = append(out, sign)
			i += 5
			continue
		}
		out = append(out, b[i], b[i+1])
		i++
	}
	return out
}
