package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/position"
)

// keepPositions is how long the place of a file is remembered that is seen no more.
const keepPositions = 30 * 24 * time.Hour

// scan looks for files: new ones are opened, those that no path leads to any more
// are marked.
func (t *Follower) scan(ctx context.Context, now time.Time) error {
	t.scanned = now
	saved := map[string]position.Position{}
	if !t.begun {
		all, err := t.positions.All(ctx, "file/")
		if err != nil {
			return err
		}
		for _, p := range all {
			saved[p.Source] = p
		}
	}
	for _, f := range t.files {
		f.gone = true
	}
	for i := range t.config.Files {
		group := &t.config.Files[i]
		for _, path := range t.paths(group) {
			t.find(path, group, saved, now)
		}
	}
	if !t.begun {
		t.renamed(saved, now)
		t.begun = true
	}
	return nil
}

// paths returns the files of a group, in order.
func (t *Follower) paths(group *Files) (all []string) {
	for _, pattern := range group.Paths {
		found, _ := filepath.Glob(pattern) // the pattern was checked
		all = append(all, found...)
	}
	sort.Strings(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(path string) bool { return excluded(path, group.Exclude) })
}

// excluded reports whether a path is left out: by a pattern or because its name says
// that it is compressed.
func excluded(path string, patterns []string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".zst", ".bz2", ".xz", ".zip", ".lz4":
		return true
	}
	for _, p := range patterns {
		for _, name := range []string{path, filepath.Base(path)} {
			if ok, _ := filepath.Match(p, name); ok { // the pattern was checked
				return true
			}
		}
	}
	return false
}

// find takes up the file at a path, if it is not read already.
func (t *Follower) find(path string, group *Files, saved map[string]position.Position, now time.Time) {
	info, err := os.Stat(path)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			t.tell(path, err, now)
		}
		return
	}
	if !info.Mode().IsRegular() {
		return
	}
	if f := t.files[identity(info)]; f != nil {
		f.path, f.gone = path, false
		return
	}
	if len(t.files) >= t.config.MaxFiles {
		t.tell(path, fmt.Errorf("tail.max_files: %d files are open already", t.config.MaxFiles), now)
		return
	}
	f, err := openFile(path, group, now)
	if err != nil {
		if errors.Is(err, errCompressed) {
			if _, ok := t.told[path]; !ok {
				t.told[path] = now
				t.ignored.Inc()
			}
			return
		}
		t.tell(path, err, now)
		return
	}
	f.size = info.Size()
	p, known := saved[f.source]
	switch {
	case known && bytes.HasPrefix(f.fingerprint, p.Fingerprint) && p.Offset <= f.size:
		f.offset, f.saved = p.Offset, p
	case known || t.begun || group.FromStart: // another file in its place, or a later one
	case len(saved) > 0 && info.ModTime().After(lastSeen(saved)): // written while nobody looked
	default:
		f.offset = f.size
	}
	delete(saved, f.source)
	t.files[f.source] = f
}

func lastSeen(saved map[string]position.Position) (last time.Time) {
	for _, p := range saved {
		if p.Seen.After(last) {
			last = p.Seen
		}
	}
	return last
}

// renamed takes up files that were read before, were renamed while nobody looked, and
// are not asked for under their new name: what is behind their place was never read. What is too
// old to matter is forgotten.
func (t *Follower) renamed(saved map[string]position.Position, now time.Time) {
	for source, p := range saved {
		if t.takeUp(p, now) {
			continue
		}
		if now.Sub(p.Seen) > keepPositions {
			t.forgotten = append(t.forgotten, source)
		}
	}
}

func (t *Follower) takeUp(p position.Position, now time.Time) bool {
	group := t.groupOf(p.Path)
	if group == nil || len(t.files) >= t.config.MaxFiles {
		return false
	}
	return t.takeUpIn(filepath.Dir(p.Path), p, group, now) || t.takeUpIn(behind(p.Path), p, group, now)
}

// behind returns the folder of the file that a link leads to, as those of kubelet below
// /var/log/containers do; "" if the path is no link. The file itself may be gone.
func behind(path string) string {
	dir := ""
	for range 3 {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path, dir = to, filepath.Dir(to)
	}
	return dir
}

// takeUpIn looks for the file in a folder.
func (t *Follower) takeUpIn(dir string, p position.Position, group *Files, now time.Time) bool {
	if dir == "" {
		return false
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || identity(info) != p.Source || info.Size() < p.Offset {
			continue
		}
		f, err := openFile(filepath.Join(dir, e.Name()), group, now)
		if err != nil {
			return false
		}
		if !bytes.HasPrefix(f.fingerprint, p.Fingerprint) || f.source != p.Source {
			f.handle.Close()
			return false
		}
		f.origin = originOf(p.Path)
		f.path, f.size, f.offset, f.saved, f.gone = p.Path, info.Size(), p.Offset, p, true
		t.files[f.source] = f
		return true
	}
	return false
}

// groupOf returns the group that asks for a path, nil if there is none.
func (t *Follower) groupOf(path string) *Files {
	for i := range t.config.Files {
		for _, pattern := range t.config.Files[i].Paths {
			if ok, _ := filepath.Match(pattern, path); ok && !excluded(path, t.config.Files[i].Exclude) {
				return &t.config.Files[i]
			}
		}
	}
	return nil
}
