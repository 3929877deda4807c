// Command tally reads the events of "go test -json" from standard input and
// prints what a person wants of them: one line for each package, the whole
// output of every test that failed, and the counts. It exits 1 when anything
// failed or when nothing was tested.
//
// When TALLY_FILE is set, the counts are added to those in that file, so that
// several runs end in one sum: "PASSED FAILED SKIPPED" on one line.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

func main() {
	os.Exit(run(os.Stdin, os.Stdout, os.Getenv("TALLY_FILE")))
}

// event is one line of "go test -json".
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
	FailedBuild                               string
}

// counts are finished tests, subtests included.
type counts struct {
	passed, failed, skipped int
}

// tally gathers events until their package has ended.
type tally struct {
	out    io.Writer
	counts counts
	bad    bool                // a package failed, with or without a failing test
	text   map[string][]string // output by package and test
	notes  map[string]string   // coverage by package
}

func run(in io.Reader, out io.Writer, file string) int {
	t := &tally{out: out, text: make(map[string][]string), notes: make(map[string]string)}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err != nil {
			break
		}
	}
	c := t.counts
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	if err := add(file, c); err != nil {
		fmt.Fprintln(out, "tally:", err)
		return 1
	}
	if t.bad || c.failed > 0 || c.passed == 0 {
		return 1
	}
	return 0
}

// line takes one line; what is no event is printed as it is.
func (t *tally) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(t.out, line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "build-fail":
		t.bad = true
	case "output":
		t.text[key] = append(t.text[key], e.Output)
		if e.Test == "" && strings.HasPrefix(e.Output, "coverage: ") {
			t.notes[e.Package] = ", " + strings.TrimSuffix(strings.TrimSpace(e.Output), " of statements")
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e)
		} else {
			t.endTest(e)
		}
		delete(t.text, key)
	}
}

// endTest counts a test. A failed one is shown whole; a skipped one says why.
func (t *tally) endTest(e event) {
	output := t.text[e.Package+" "+e.Test]
	switch e.Action {
	case "pass":
		t.counts.passed++
	case "skip":
		t.counts.skipped++
		fmt.Fprintf(t.out, "skip %s %s: %s\n", e.Package, e.Test, reason(output))
	case "fail":
		t.counts.failed++
		fmt.Fprintf(t.out, "FAIL %s %s (%.1f s)\n%s", e.Package, e.Test, e.Elapsed, strings.Join(output, ""))
	}
}

// endPackage prints the package's line; what it said outside of tests is shown
// when it failed.
func (t *tally) endPackage(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(t.out, "ok   %s (%.1f s%s)\n", e.Package, e.Elapsed, t.notes[e.Package])
	case "skip":
		fmt.Fprintf(t.out, "-    %s (no tests)\n", e.Package)
	case "fail":
		t.bad = true
		fmt.Fprintf(t.out, "FAIL %s (%.1f s)\n%s", e.Package, e.Elapsed, strings.Join(t.text[e.Package+" "], ""))
		t.unfinished(e.Package)
	}
}

// unfinished shows the tests of a package that never ended, as after a panic or
// a timeout, and counts them as failed.
func (t *tally) unfinished(pkg string) {
	for key, output := range t.text {
		if name, found := strings.CutPrefix(key, pkg+" "); found && name != "" {
			t.counts.failed++
			fmt.Fprintf(t.out, "FAIL %s %s (did not end)\n%s", pkg, name, strings.Join(output, ""))
			delete(t.text, key)
		}
	}
}

// reason finds what a skipped test said: "    file_test.go:12: why".
func reason(output []string) string {
	for _, line := range output {
		if _, why, found := strings.Cut(strings.TrimSpace(line), ".go:"); found {
			if _, why, found = strings.Cut(why, ": "); found {
				return why
			}
		}
	}
	return "no reason given"
}

// add sums the counts into the file; an empty name means none is kept.
func add(file string, c counts) error {
	if file == "" {
		return nil
	}
	var old counts
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if _, err := fmt.Sscan(string(text), &old.passed, &old.failed, &old.skipped); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: want three numbers: %w", file, err)
		}
	}
	sum := fmt.Sprintf("%d %d %d\n", old.passed+c.passed, old.failed+c.failed, old.skipped+c.skipped)
	return os.WriteFile(file, []byte(sum), 0o600)
}
