package yamldoc_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

const document = `# head
web:
  address: here
alerts:
  - name: first
    duration: 5m

  - name: second
    labels:
      a.b: x
      "c d": y
  -
    note: nameless
`

func parse(t *testing.T, src string, opts ...yamldoc.Option) *yamldoc.Document {
	t.Helper()
	doc, errs := yamldoc.Parse("t.yml", []byte(src), opts...)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocument_Line_IsThatOfTheNodeOrItsNearestParent(t *testing.T) {
	doc := parse(t, document)
	for path, want := range map[string]int{
		"":                             2,
		"web":                          2,
		"web.address":                  3,
		"web.port":                     2,
		"web.address.deeper":           3,
		"alerts[0]":                    5,
		"alerts[0].duration":           6,
		"alerts[0].severity":           5,
		"alerts[1].name":               8,
		`alerts[1].labels["a.b"]`:      10,
		`alerts[1].labels["c d"]`:      11,
		`alerts[1].labels["no"]`:       9,
		"alerts[2]":                    13,
		"alerts[9].name":               4,
		"alerts[x":                     4,
		"alerts[-1]":                   4,
		"nothing.of.this":              2,
		"web..address":                 2,
		`alerts[1].labels["unclosed`:   9,
		`alerts[99999999999999999999]`: 4,
	} {
		if got := doc.Line(path); got != want {
			t.Errorf("%q: got line %d, want %d", path, got, want)
		}
	}
	if got := parse(t, "").Line("a.b"); got != 1 {
		t.Errorf("an empty document: got line %d, want 1", got)
	}
}

func TestDocument_Errorf_NamesTheElement(t *testing.T) {
	doc := parse(t, document, yamldoc.WithNoun("alerts", "alert"))
	for path, want := range map[string]string{
		"alerts[0].duration": `t.yml:6: alert "first": duration: want 1, got 2`,
		"alerts[0]":          `t.yml:5: alert "first": want 1, got 2`,
		"alerts[2].note":     `t.yml:13: alerts[2].note: want 1, got 2`,
		"alerts[7].note":     `t.yml:4: alerts[7].note: want 1, got 2`,
		"web.port":           `t.yml:2: web.port: want 1, got 2`,
		"":                   `t.yml:2: want 1, got 2`,
	} {
		if got := doc.Errorf(path, "want %d, got %d", 1, 2); got.Error() != want || got.Path != path {
			t.Errorf("got %q (path %q), want %q", got.Error(), got.Path, want)
		}
	}
}

func TestDocument_Report_LeavesOutWhatIsAlreadyWrong(t *testing.T) {
	doc := parse(t, "duration: soon\nnote: x\n")
	var a alert
	errs := doc.Decode(&a)
	report := yamldoc.Under(doc.Report(&errs), "")
	report("duration", "want a positive duration, got %q", "0s")
	report("name", "want a name")
	if len(errs) != 3 || errs[2].Path != "name" {
		t.Errorf("got\n%v", errs)
	}
}

func TestUnder_PutsThePrefixBeforeThePath(t *testing.T) {
	var got []string
	report := yamldoc.Under(func(path, _ string, _ ...any) { got = append(got, path) }, "web.tls")
	report("cert", "")
	report("[0].a", "")
	report("", "")
	if diff := cmp.Diff([]string{"web.tls.cert", "web.tls[0].a", "web.tls"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNode_Walks(t *testing.T) {
	doc := parse(t, document)
	alerts, ok := doc.At("alerts")
	if !ok || alerts.Kind() != yamldoc.List || alerts.Line() != 4 || doc.File() != "t.yml" {
		t.Fatalf("got %v %v", alerts, ok)
	}
	items := alerts.Items()
	if len(items) != 3 || items[1].Path() != "alerts[1]" || items[1].Line() != 8 {
		t.Fatalf("got %v", items)
	}
	if diff := cmp.Diff([]string{"name", "labels"}, items[1].Keys()); diff != "" {
		t.Error(diff)
	}
	name, ok := items[1].Get("name")
	if !ok || name.Text() != "second" || name.Found() != `"second"` || name.Errorf("x").Error() != "t.yml:8: alerts[1].name: x" {
		t.Errorf("got %q %v", name.Text(), ok)
	}
	if _, ok := doc.At("alerts[1].no"); ok {
		t.Error("a path that is not there was found")
	}
	kinds := []string{doc.Root().Kind().String(), alerts.Kind().String(), name.Kind().String(), yamldoc.Nothing.String()}
	if diff := cmp.Diff([]string{"a mapping", "a list", "a single value", "nothing"}, kinds); diff != "" {
		t.Error(diff)
	}
	if items[1].Text() != "" || name.Keys() != nil || name.Items() != nil {
		t.Error("a node must answer only as its kind")
	}
	var none yamldoc.Node
	if _, ok := none.Get("x"); ok || none.Kind() != yamldoc.Nothing || none.Decode(&alerts) != nil || none.Found() != "nothing" || none.Errorf("x").Error() != "x" {
		t.Error("the zero Node must be Nothing")
	}
	var text string
	if errs := name.Decode(&text); len(errs) > 0 || text != "second" {
		t.Errorf("got %q %v", text, errs)
	}
}

func TestErrors_AreErrors(t *testing.T) {
	var none yamldoc.Errors
	if none.Err() != nil || none.Error() != "" {
		t.Error("no errors must be no error")
	}
	errs := yamldoc.Errors{
		{File: "b.yml", Line: 1, Msg: "third"},
		{File: "a.yml", Line: 10, Path: "x", Msg: "second"},
		{File: "a.yml", Line: 9, Path: "x[0]", Where: `thing "n"`, Msg: "first"},
		{Msg: "bare"},
	}
	want := "bare\na.yml:9: thing \"n\": first\na.yml:10: x: second\nb.yml:1: third"
	if got := errs.Err().Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var one yamldoc.Error
	if !errors.As(errs.Err(), &one) || one.Msg != "third" {
		t.Errorf("errors.As got %v", one)
	}
	if !strings.Contains((&yamldoc.WantError{Want: "a size", Got: "x"}).Error(), `want a size, got "x"`) {
		t.Error("WantError must say both")
	}
}
