package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun_Events_AreCountedAndShown(t *testing.T) {
	f := func(what, in string, wantCode int, want ...string) {
		t.Helper()
		var out bytes.Buffer
		if code := run(strings.NewReader(in), &out, ""); code != wantCode {
			t.Errorf("%s: exit code=%d, want %d", what, code, wantCode)
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s: the output lacks %q:\n%s", what, w, out.String())
			}
		}
	}
	f("all well", `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"coverage: 91.5% of statements\n"}
{"Action":"pass","Package":"p","Elapsed":1.25}
{"Action":"skip","Package":"q"}
`, 0, "ok   p (1.2 s, coverage: 91.5%)\n", "-    q (no tests)", "1 passed, 0 failed, 0 skipped\n")
	f("one fails", `{"Action":"output","Package":"p","Test":"TestA","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}
`, 1, "FAIL p TestA", "got 1, want 2", "1 passed, 1 failed, 0 skipped\n")
	f("one is skipped", `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:12: no prometheus: install it\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestC"}
`, 0, "skip p TestA: no prometheus: install it", "skip p TestB: no reason given", "1 passed, 0 failed, 2 skipped\n")
	f("a panic ends the package", `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"output","Package":"p","Output":"exit status 2\n"}
{"Action":"fail","Package":"p"}
`, 1, "FAIL p TestA (did not end)\npanic: boom", "exit status 2", "0 passed, 1 failed")
	f("it does not build", `{"Action":"build-output","ImportPath":"p","Output":"x.go:1: wrong\n"}
{"Action":"build-fail","ImportPath":"p"}
{"Action":"pass","Package":"q","Test":"TestC"}
`, 1, "x.go:1: wrong\n")
	f("nothing was tested", "", 1, "0 passed, 0 failed, 0 skipped\n")
	f("no event", "go: downloading x\n", 1, "go: downloading x\n")
}

func TestRun_File_HoldsTheSum(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tally")
	in := "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\"}\n{\"Action\":\"skip\",\"Package\":\"p\",\"Test\":\"TestB\"}\n"
	for range 3 {
		if code := run(strings.NewReader(in), new(bytes.Buffer), file); code != 0 {
			t.Fatalf("exit code=%d", code)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "3 0 3\n" {
		t.Errorf("file=%q, %v, want \"3 0 3\\n\"", got, err)
	}
	if err := os.WriteFile(file, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(strings.NewReader(in), &out, file); code != 1 || !strings.Contains(out.String(), "want three numbers") {
		t.Errorf("a file with words: exit code=%d, %q", code, out.String())
	}
}
