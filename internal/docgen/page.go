package docgen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Page is one generated file.
type Page struct {
	Path   string // from the root of the repository
	Render func(w io.Writer) error
}

// Write renders the pages into their files below root. A file that is already
// right is not touched. The first error ends it.
func Write(root string, pages ...Page) error {
	for _, p := range pages {
		body, same, err := p.compare(root)
		if err != nil {
			return err
		}
		if same {
			continue
		}
		if err := os.WriteFile(p.file(root), body, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", p.Path, err)
		}
	}
	return nil
}

// ErrStale says that generated pages are not what the code would write now.
var ErrStale = errors.New("out of date")

// Check renders the pages and compares them with their files below root. It
// returns an error that wraps ErrStale and names every file that differs or is
// missing.
func Check(root string, pages ...Page) error {
	var stale []string
	for _, p := range pages {
		_, same, err := p.compare(root)
		if err != nil {
			return err
		}
		if !same {
			stale = append(stale, p.Path)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("%s: %w; run make docs and commit the result", strings.Join(stale, ", "), ErrStale)
	}
	return nil
}

func (p Page) file(root string) string { return filepath.Join(root, filepath.FromSlash(p.Path)) }

// compare returns what the page should hold and whether its file does.
func (p Page) compare(root string) (body []byte, same bool, err error) {
	var b bytes.Buffer
	if err := p.Render(&b); err != nil {
		return nil, false, fmt.Errorf("rendering %s: %w", p.Path, err)
	}
	have, err := os.ReadFile(p.file(root))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("reading %s: %w", p.Path, err)
	}
	return b.Bytes(), err == nil && bytes.Equal(have, b.Bytes()), nil
}
