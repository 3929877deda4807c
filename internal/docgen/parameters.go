package docgen

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/tocsinhq/tocsin/detector"
)

// Parameters writes docs/detector-parameters.md: every parameter of the detector
// in the order of detector.Parameters, with its default, its range and the comment
// on it. srcDirs are as for Config. A field without a comment or a range is an
// error; all are returned at once and nothing is written then.
func Parameters(w io.Writer, srcDirs []string) error {
	found, err := newComments(srcDirs)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(`<!-- Generated from the code by make docs. -->

# Parameters of the detector

The constants by which the detector judges every series, with what they mean and where their values come from: a paper, a bench with
the effect that the value had when it was chosen, or common sense. No configuration sets them. A bench tries others:
` + "`go run ./bench detection --parameters FILE`" + `, where FILE holds the ones that differ, such as
` + "`{\"Tail\": {\"Prior\": 0.3}}`" + `; so do ` + "`nab`, `groups`, `forecast` and `digest`" + `. How they are used is told in
[detector/README.md](../detector/README.md). Evidence is in powers of ten, a scale is the size of an ordinary forecast error, a unit
that of an ordinary deviation from the long level.
`)
	defaults := reflect.ValueOf(detector.DefaultParameters())
	var errs []error
	for i := range defaults.NumField() {
		group := defaults.Type().Field(i)
		said, err := found.of(group.Type)
		if err != nil {
			return err
		}
		text := strings.Join(strings.Fields(said.text), " ")
		text = strings.Replace(text, group.Type.Name(), "These parameters", 1)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| parameter | default | range | meaning |\n|---|---|---|---|\n", group.Name, text)
		for j := range group.Type.NumField() {
			f := group.Type.Field(j)
			low, high, ranged := strings.Cut(f.Tag.Get("range"), ",")
			comment := strings.TrimSpace(said.fields[f.Name])
			if comment == "" || !ranged {
				errs = append(errs, fmt.Errorf("%s.%s: want a comment that says meaning, unit and source, and a tag range:\"low,high\"", group.Type, f.Name))
				continue
			}
			comment = capital(strings.TrimPrefix(inOwnWords(comment, f.Name, f.Name), "`"+f.Name+"` is "))
			fmt.Fprintf(&b, "| `%s.%s` | `%s` | %s to %s | %s |\n", group.Name, f.Name, written(defaults.Field(i).Field(j)), low, high, cell(comment))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	_, err = io.WriteString(w, b.String())
	return err
}
