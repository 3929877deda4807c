package backtest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// Stdin is the path of the standard input.
const Stdin = "-"

// csvFile is a file that is being read.
type csvFile struct {
	path    string
	file    io.ReadCloser
	again   bool // it can be opened again
	csv     *csv.Reader
	time    int   // column
	columns []int // of values
	names   []string
}

// openCSV opens a file and reads its head.
func openCSV(path string, o CSVOptions) (*csvFile, error) {
	f := &csvFile{path: path}
	if path == Stdin {
		if o.Stdin == nil {
			return nil, errors.New("read samples: there is no standard input")
		}
		f.path, f.file = "standard input", io.NopCloser(o.Stdin)
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read samples: %w", err)
		}
		f.file = file
		if have, err := file.Stat(); err == nil {
			f.again = have.Mode().IsRegular()
		}
	}
	if err := f.begin(o); err != nil {
		f.file.Close()
		return nil, err
	}
	return f, nil
}

// readAhead is how much of a file is looked at before it is read.
const readAhead = 64 << 10

// begin finds out how a file is written, and reads its head.
func (f *csvFile) begin(o CSVOptions) error {
	b := bufio.NewReaderSize(&countingReader{r: f.file, n: o.Read}, readAhead)
	if mark, _ := b.Peek(2); string(mark) == "\x1f\x8b" {
		z, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		b = bufio.NewReaderSize(z, readAhead)
	}
	switch mark, _ := b.Peek(3); {
	case string(mark) == "\xef\xbb\xbf": // spreadsheets write it
		b.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return fmt.Errorf("%s: the file is UTF-16; want UTF-8, which for instance iconv -f UTF-16 -t UTF-8 makes of it", f.path)
	case bytes.HasPrefix(mark, []byte("PK\x03")), bytes.HasPrefix(mark, []byte("\x28\xb5\x2f")):
		return fmt.Errorf("%s: want CSV, plain or compressed by gzip; it is an archive or a workbook", f.path)
	}
	f.csv = csv.NewReader(b)
	f.csv.ReuseRecord = true
	// The peek ends early where the file is short, or its writer slow: what is there does.
	b.Peek(1)
	first, _ := b.Peek(min(b.Buffered(), readAhead))
	first, _, _ = bytes.Cut(first, []byte("\n"))
	for _, comma := range ";\t" {
		if !bytes.ContainsRune(first, ',') && bytes.ContainsRune(first, comma) {
			f.csv.Comma = comma
			break
		}
	}
	return f.head(o)
}

// countingReader adds to n what is read.
type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n != nil {
		c.n.Add(int64(n))
	}
	return n, err
}
