package backfill

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// journal remembers which ranges of which source are in the store, one line each,
// so that an import that was cut off goes on where it stopped.
type journal struct {
	file *os.File
	done map[entry]bool
}

// entry is one line. The key stands for the source and everything that decides
// what of it is taken.
type entry struct {
	Key   string `json:"key"`
	Start int64  `json:"start"` // ms
	Width int64  `json:"width"` // ms
}

// openJournal reads a journal, which need not exist. A last line that was cut off
// by a crash counts as not written.
func openJournal(path string) (*journal, error) {
	j := &journal{done: map[entry]bool{}}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read journal of imports: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			j.done[e] = true
		}
	}
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640); err != nil {
		return nil, fmt.Errorf("open journal of imports: %w", err)
	}
	if n := len(text); n > 0 && text[n-1] != '\n' {
		if _, err := j.file.WriteString("\n"); err != nil {
			return nil, errors.Join(fmt.Errorf("write journal of imports: %w", err), j.file.Close())
		}
	}
	return j, nil
}

// note writes that a range is done. It is on the disk when it returns.
func (j *journal) note(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write journal of imports: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write journal of imports: %w", err)
	}
	j.done[e] = true
	return nil
}

func (j *journal) Close() error { return j.file.Close() }
