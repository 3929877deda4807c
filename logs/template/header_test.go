package template_test

import (
	"fmt"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

// Each is a layout of a header; the text after it is "took 7 ms" with other numbers,
// beside two other texts, so that the header can be told from what is said.
func TestHeader_IsCutWhateverItsLayout(t *testing.T) {
	for name, header := range map[string]func(i int) string{
		"syslog": func(i int) string {
			return fmt.Sprintf("Jun %2d 15:16:%02d host%d app[%d]: ", 1+i%28, i%60, i%3, 100+i)
		},
		"ISO, level": func(i int) string { return fmt.Sprintf("2026-01-05T10:%02d:%02d.%03dZ INFO ", i%60, i%60, i%1000) },
		"logger, thread": func(i int) string {
			return fmt.Sprintf("2026-01-05 10:%02d:%02d,%03d WARN  [pool-%d] a.b.Class: ", i%60, i%60, i%1000, i%5)
		},
		"epoch first": func(i int) string { return fmt.Sprintf("%d.%03d %d ", 1767600000+i, i%1000, 40+i%3) },
		"brackets":    func(i int) string { return fmt.Sprintf("[Sun Dec %02d 04:47:44 2005] [notice] ", 1+i%28) },
		"pipes": func(i int) string {
			return fmt.Sprintf("20171223-22:15:29:%03d|Step_%c|300%02d|", i%1000, 'A'+i%4, i%90)
		},
		"klog": func(i int) string { return fmt.Sprintf("2026/01/05 10:%02d:%02d main.go:%d: ", i%60, i%60, 10+i%7) },
	} {
		m := template.New(template.DefaultConfig())
		var out template.Match
		var ids []uint64
		for i := range 300 {
			text := []string{"took %d ms", "closing connection %d of the pool", "reading file /a/b%d now"}[i%3]
			m.Mine("s", 9, nil, fmt.Appendf([]byte(header(i)), text, i), int64(i), &out)
			ids = append(ids, out.ID)
		}
		seen := map[string]int{}
		for _, id := range ids {
			info, _ := m.Template(id)
			seen[info.Text]++
		}
		if len(seen) != 3 || seen["took <num> ms"] != 100 || seen["closing connection <num> of the pool"] != 100 {
			t.Errorf("%s: got %v", name, seen)
		}
	}
}

func TestHeader_TextThatBeginsWithATimeNowAndThenIsNone(t *testing.T) {
	m := template.New(template.DefaultConfig())
	for i := range 400 {
		mine(m, fmt.Sprintf("job %d is done", i))
		if i%20 == 0 {
			mine(m, fmt.Sprintf("10:%02d:%02d is the time", i%60, i%60))
		}
	}
	for _, i := range m.Templates("pay") {
		if i.Text != "job <num> is done" && i.Text != "<time> is the time" {
			t.Errorf("got %q", i.Text)
		}
	}
}
