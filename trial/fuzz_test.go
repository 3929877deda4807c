package trial_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsinhq/tocsin/trial"
)

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/promtool/*.yml", "testdata/shop/*.yml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := trial.Parse("f.yml", src)
		if (file == nil) != (err != nil) {
			t.Errorf("got %v and %v", file, err)
		}
	})
}
