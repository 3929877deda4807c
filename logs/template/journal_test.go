package template_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

// corpora are the made-up lines and the labelled logs that are there.
func corpora(tb testing.TB) map[string][][]byte {
	tb.Helper()
	all := perSet(tb)
	if len(all) == 0 {
		tb.Log("no labelled logs beside the repository: only made-up lines are mined")
	}
	all["shop"] = shop(4000)
	return all
}

func open(t *testing.T, path string) (*template.Miner, *template.Journal) {
	t.Helper()
	m, j, leftOut, err := template.Open(path, template.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if leftOut != 0 {
		t.Logf("%d bytes of the file left out", leftOut)
	}
	return m, j
}

// last describes what is known of a line's template in the end.
func textsOf(m *template.Miner, ids []uint64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		info, _ := m.Template(m.Resolve(id))
		out[i] = info.Text
	}
	return out
}

func TestJournal_RestartChangesNoID(t *testing.T) {
	for name, all := range corpora(t) {
		want := ids(template.New(template.DefaultConfig()), all, inOrder(len(all)))
		path := filepath.Join(t.TempDir(), "templates")
		m, j := open(t, path)
		half := len(all) / 2
		got := ids(m, all[:half], inOrder(half))
		count := len(m.Templates(""))
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		m, j = open(t, path)
		if n := len(m.Templates("")); n != count {
			t.Errorf("%s: %d templates after the restart, %d before", name, n, count)
		}
		got = append(got, ids(m, all[half:], inOrder(len(all)-half))...)
		differ := 0
		for i := range got {
			if m.Resolve(got[i]) != want[i] {
				differ++
			}
		}
		if differ > 0 {
			t.Errorf("%s: %d of %d lines have another id after a restart", name, differ, len(all))
		}
		var total uint64
		for _, i := range m.Templates("") {
			total += i.Count
		}
		if total != uint64(len(all)) {
			t.Errorf("%s: %d lines counted, want %d", name, total, len(all))
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The last minute is lost: its lines were mined and shown, and no flush followed.
func TestJournal_LossOfTheLastMinuteChangesNoID(t *testing.T) {
	for name, all := range corpora(t) {
		path := filepath.Join(t.TempDir(), "templates")
		m, j := open(t, path)
		part := len(all) * 3 / 4
		first := ids(m, all[:part], inOrder(part))
		if err := j.Flush(); err != nil {
			t.Fatal(err)
		}
		lost := ids(m, all[part:], inOrder(len(all)-part))
		shown := append(slices.Clone(first), lost...)

		again, j2 := open(t, path) // as after kill -9: j is never closed
		back := ids(again, all[part:], inOrder(len(all)-part))
		differ := 0
		for i := range lost {
			if again.Resolve(shown[part+i]) != back[i] {
				differ++
				t.Logf("%.300q: %q and %q", all[part+i], textsOf(m, lost[i:i+1]), textsOf(again, back[i:i+1]))
			}
		}
		for i := range first {
			if again.Resolve(first[i]) != m.Resolve(first[i]) {
				differ++
				t.Logf("%.300q: %q and %q", all[i], textsOf(m, first[i:i+1]), textsOf(again, first[i:i+1]))
			}
		}
		if differ > 0 {
			t.Errorf("%s: %d of %d lines have another id", name, differ, len(all))
		}
		if err := j2.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_TornEndIsLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	m, j := open(t, path)
	mine(m, "one line of text")
	mine(m, "another one, longer")
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body[:len(body)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	m, j, leftOut, err := template.Open(path, template.DefaultConfig())
	if err != nil || leftOut == 0 || len(m.Templates("pay")) != 1 {
		t.Errorf("got %d bytes left out, %d templates, %v; want one template and the torn one left out", leftOut, len(m.Templates("pay")), err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_ForeignFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "templates")
	if err := os.WriteFile(path, []byte("something else altogether"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := template.Open(path, template.DefaultConfig()); err == nil {
		t.Error("a foreign file was taken")
	}
}
