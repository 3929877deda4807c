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
	"strings"
	"sync/atomic"
)

// Stdin is the path of the standard input.
const Stdin = "-"

// csvFile is a file that is being read.
type csvFile struct {
	path    string
	file    io.ReadCloser
	counted *countingReader
	again   bool // it can be opened again
	csv     *csv.Reader
	before  int   // lines before that of the columns
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
	f.counted = &countingReader{r: f.file, n: o.Read}
	b := bufio.NewReaderSize(f.counted, readAhead)
	if mark, _ := b.Peek(2); string(mark) == "\x1f\x8b" {
		z, err := gzip.NewReader(b)
		if err != nil {
			return f.wrong(1, err)
		}
		b = bufio.NewReaderSize(z, readAhead)
	}
	switch mark, _ := b.Peek(3); {
	case string(mark) == "\xef\xbb\xbf": // spreadsheets write it
		b.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")), bytes.IndexByte(mark[:min(len(mark), 2)], 0) >= 0: // the latter without a mark
		return fmt.Errorf("%s: the file is UTF-16; want UTF-8, which for instance iconv -f UTF-16 -t UTF-8 makes of it", f.path)
	case foreign(mark):
		return fmt.Errorf("%s: want CSV, plain or compressed by gzip; it is an archive, a workbook or compressed by another program", f.path)
	}
	f.csv = csv.NewReader(b)
	f.csv.ReuseRecord = true
	// The peek ends early where the file is short, or its writer slow: what is there does.
	b.Peek(1)
	first, _ := b.Peek(min(b.Buffered(), readAhead))
	first, _, _ = bytes.Cut(first, []byte("\n"))
	if told, ok := separator(first); ok {
		f.csv.Comma, f.before = told, 1
		b.Discard(len(first) + 1)
		f.csv.TrimLeadingSpace = spaced(b, told)
		return f.head(o)
	}
	for _, comma := range ";\t" {
		if !bytes.ContainsRune(first, ',') && bytes.ContainsRune(first, comma) {
			f.csv.Comma = comma
			break
		}
	}
	f.csv.TrimLeadingSpace = spaced(b, f.csv.Comma)
	return f.head(o)
}

// spaced tells whether cells in quotes stand behind a space, as people write them: such a
// quote would be one within a cell. Where commas are tabs a space is a cell that is empty.
func spaced(b *bufio.Reader, comma rune) bool {
	ahead, _ := b.Peek(min(b.Buffered(), readAhead))
	return comma != '\t' && bytes.Contains(ahead, []byte(string(comma)+` "`))
}

// foreign tells whether a file begins as zip, zstd, xz or bzip2 do.
func foreign(mark []byte) bool {
	for _, magic := range [...]string{"PK\x03", "\x28\xb5\x2f", "\xfd7z", "BZh"} {
		if bytes.HasPrefix(mark, []byte(magic)) {
			return true
		}
	}
	return false
}

// separator reads a first line such as sep=; which is written for Excel, by Grafana among
// others, and stands before the names of the columns.
func separator(line []byte) (comma rune, ok bool) {
	text := strings.Trim(string(line), "\r\"")
	if len(text) != len("sep=;") || !strings.EqualFold(text[:4], "sep=") || !strings.Contains(",;\t|", text[4:]) {
		return 0, false
	}
	return rune(text[4]), true
}

// countingReader adds to n what is read.
type countingReader struct {
	r   io.Reader
	n   *atomic.Int64
	own int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.count(int64(n))
	return n, err
}

func (c *countingReader) count(n int64) {
	if c.own += n; c.n != nil {
		c.n.Add(n)
	}
}

// forget takes back what was counted, of a file that will be read again.
func (c *countingReader) forget() { c.count(-c.own) }
