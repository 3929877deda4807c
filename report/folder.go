package report

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ErrNoRunbook is returned for a name under which there is no runbook.
var ErrNoRunbook = errors.New("no such runbook")

// Bounds of a folder of runbooks.
const (
	maxRunbook  = 1 << 20
	maxRunbooks = 5000
)

// ours is how a file begins that is written by Save. Others are people's alone.
const ours = "---\ntocsin_runbook: 1\n"

var (
	runbookName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,127}$`)
	mark        = regexp.MustCompile(`^<!-- (/?)people:([a-z0-9_-]{1,64}) -->\s*$`)
)

func beginMark(name string) string { return "<!-- people:" + name + " -->" }
func endMark(name string) string   { return "<!-- /people:" + name + " -->" }

// Folder is a folder of runbooks, NAME.md each. It holds no state; calls for one name
// at the same time leave one of the results whole.
type Folder struct{ Dir string }

// Read returns the text of a runbook, or ErrNoRunbook.
func (f Folder) Read(name string) ([]byte, error) {
	if f.Dir == "" || !runbookName.MatchString(name) {
		return nil, fmt.Errorf("runbook %.100q: %w", name, ErrNoRunbook)
	}
	path := filepath.Join(f.Dir, name+".md")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("runbook %s: %w", name, ErrNoRunbook)
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("want a regular file")
	case err == nil && info.Size() > maxRunbook:
		err = fmt.Errorf("want at most %d bytes, got %d", maxRunbook, info.Size())
	}
	if err != nil {
		return nil, fmt.Errorf("read runbook %s: %w", path, err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read runbook: %w", err)
	}
	return body, nil
}

// Names lists the runbooks, sorted; none when the folder is not there.
func (f Folder) Names() ([]string, error) {
	out := []string{}
	if f.Dir == "" {
		return out, nil
	}
	entries, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runbooks: %w", err)
	}
	for _, e := range entries {
		name, md := strings.CutSuffix(e.Name(), ".md")
		if md && e.Type().IsRegular() && runbookName.MatchString(name) && len(out) < maxRunbooks {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Save writes a runbook over the one of its name and keeps what people wrote between
// the markers. A file that people wrote as a whole is left as it is. It returns the text
// that is there then, and whether it is another than before.
func (f Folder) Save(r Runbook) (text []byte, changed bool, err error) {
	if f.Dir == "" {
		return nil, false, errors.New("write runbook: reports.runbooks_dir is empty")
	}
	old, err := f.Read(r.Name)
	switch {
	case errors.Is(err, ErrNoRunbook):
	case err != nil:
		return nil, false, err
	case !bytes.HasPrefix(bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), []byte(ours)):
		return old, false, nil
	}
	kept, err := People(old)
	path := filepath.Join(f.Dir, r.Name+".md")
	if err != nil {
		return nil, false, fmt.Errorf("%s:%w; the file is left as it is", path, err)
	}
	text = r.Markdown(kept)
	if bytes.Equal(text, old) {
		return text, false, nil
	}
	return text, true, replace(path, text)
}

// replace writes a file so that it is never seen in part.
func replace(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write runbook: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".runbook-*")
	if err != nil {
		return fmt.Errorf("write runbook: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing
	_, err = tmp.Write(body)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write runbook: %w", err)
	}
	return nil
}

// People returns what stands between the markers of a runbook, by their names. Its
// errors begin with the line: a begin without an end, an end without a begin, one name
// twice, or one within another.
func People(text []byte) (map[string]string, error) {
	out := map[string]string{}
	open, began := "", 0
	var b strings.Builder
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		m := mark.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case m == nil:
			if open != "" {
				b.WriteString(line)
			}
		case m[1] == "" && open == "":
			if _, twice := out[m[2]]; twice {
				return nil, fmt.Errorf("%d: want the marker people:%s once, got it again", n, m[2])
			}
			open, began = m[2], n
			b.Reset()
		case m[1] == "/" && m[2] == open:
			out[open] = strings.Trim(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n")
			open = ""
		default:
			return nil, fmt.Errorf("%d: want the markers people: in pairs, got %s", n, m[0])
		}
	}
	if open != "" {
		return nil, fmt.Errorf("%d: want an end of the marker people:%s, got none", began, open)
	}
	return out, nil
}

// sortedOthers returns the names of what was kept that have no place of their own and
// are not empty.
func sortedOthers(kept map[string]string, used []string) []string {
	var out []string
	for name, text := range kept {
		if text != "" && !slices.Contains(used, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
