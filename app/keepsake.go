package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// keepsake is a file in which something that can be learnt anew outlives the process.
type keepsake struct {
	path string
	what string // it holds, for messages
}

// load gives the file to take, if there is one. What cannot be read is put aside, and is
// learnt anew.
func (k keepsake) load(log *slog.Logger, take func(io.Reader) error) error {
	f, err := os.Open(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.what, err)
	}
	err = take(bufio.NewReader(f))
	f.Close()
	if err == nil {
		return nil
	}
	log.Error(k.what+" cannot be read; it is kept aside and learnt anew", "file", k.path+".damaged", "error", err)
	return os.Rename(k.path, k.path+".damaged")
}

// save writes the file in place of the old one, which stays as it is if that fails.
func (k keepsake) save(write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(k.path), filepath.Base(k.path)+".*")
	if err != nil {
		return fmt.Errorf("save %s: %w", k.what, err)
	}
	defer os.Remove(tmp.Name()) // after the renaming there is none
	w := bufio.NewWriter(tmp)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), k.path)
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", k.what, err)
	}
	return nil
}

// dropCutOff removes what a process that was killed while it wrote one of its files left
// of the new one. It is called while the folder is held and before anything is saved.
func (c *Core) dropCutOff() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return // what opens the folder says so
	}
	for _, k := range []keepsake{{filepath.Join(c.dir, checkpointFile), "detector checkpoint"}, c.countsKept(), c.versionsKept(), c.watchKept(), c.graphKept()} {
		for _, e := range entries {
			if !k.cutOff(e.Name()) {
				continue
			}
			if err := os.Remove(filepath.Join(c.dir, e.Name())); err != nil {
				c.log.Warn("a file that was cut off by a kill takes up room", "file", filepath.Join(c.dir, e.Name()), "error", err)
			}
		}
	}
}

// cutOff reports whether a file of that name in the folder of k is one that was to take
// its place, as os.CreateTemp names them.
func (k keepsake) cutOff(name string) bool {
	number, ok := strings.CutPrefix(name, filepath.Base(k.path)+".")
	_, err := strconv.ParseUint(number, 10, 64)
	return ok && err == nil
}
