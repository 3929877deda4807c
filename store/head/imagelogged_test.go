package head

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A series whose request was given up is in memory and not in the log, until something else
// is logged. An image must not be the only thing that has it: after a start from the image
// nobody would log its labels any more.
func TestImage_SeriesNotLogged_IsLoggedBefore(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	h.Begin()
	make1(t, h, 1) // and no commit
	h.End()
	image1(t, h)
	dir := filepath.Join(t.TempDir(), "killed")
	copyFolder(t, o.Dir, dir)
	closeHead(t, h)

	o.Dir = dir
	h = openHead(t, o)
	h.Begin()
	id := h.Get(seriesName(1))
	if id == 0 {
		id = make1(t, h, 1)
	}
	h.End()
	if late := commit(t, h, Sample{ID: id, T: 1000, V: 7}); len(late) > 0 {
		t.Fatal("the sample is late")
	}
	closeHead(t, h)
	if err := ForgetImages(dir); err != nil {
		t.Fatal(err)
	}
	h = openHead(t, o)
	defer closeHead(t, h)
	sameContents(t, contents(t, h, math.MinInt64, math.MaxInt64), map[string][]point{seriesName(1).String(): {{1000, 7}}})
}

// Signs that are special in patterns of files are none in the name of the folder.
func TestImage_FolderWithBrackets_KeepsOneImage(t *testing.T) {
	o := testOptions(t)
	o.Dir = filepath.Join(t.TempDir(), "[a-c]*", "head")
	h := openHead(t, o)
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	for at := range int64(3) {
		commit(t, h, Sample{ID: id, T: 1000 + at, V: 7})
		image1(t, h)
	}
	closeHead(t, h)
	if have := imageFiles(t, o.Dir); len(have) != 1 {
		t.Errorf("images are %v, want one", have)
	}
	h = openHead(t, o)
	if h.replay.Samples > 0 {
		t.Errorf("%d samples were read from the log, want the image used", h.replay.Samples)
	}
	closeHead(t, h)
	if err := ForgetImages(o.Dir); err != nil {
		t.Fatal(err)
	}
	if have := imageFiles(t, o.Dir); len(have) > 0 {
		t.Errorf("images are %v, want none", have)
	}
}

func imageFiles(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), imagePrefix) {
			out = append(out, e.Name())
		}
	}
	return out
}
