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
	return notify.Part{Name: name, Type: "application/json", Body: b.Bytes()}, nil
}
