package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tocsinhq/tocsin/web/logapi"
)

// parquetRow is a log line as a row of Apache Parquet.
type parquetRow struct {
	Time     int64             `parquet:"time,timestamp(nanosecond),delta"`
	Level    string            `parquet:"level,dict"`
	Service  string            `parquet:"service,dict"`
	Line     string            `parquet:"line"`
	Template string            `parquet:"template,dict"`
	Trace    string            `parquet:"trace_id"`
	Span     string            `parquet:"span_id"`
	Labels   map[string]string `parquet:"labels"`
}

// parquetRows is how many rows a group has at most, which is what is held in memory.
const parquetRows = 50_000

// parquetFile writes lines to a file that is there when it is whole.
type parquetFile struct {
	path string
	tmp  *os.File
	out  *parquet.GenericWriter[parquetRow]
}

func newParquetFile(path string) (*parquetFile, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	return &parquetFile{path, tmp, parquet.NewGenericWriter[parquetRow](tmp, parquet.Compression(&zstd.Codec{}),
		parquet.MaxRowsPerRowGroup(parquetRows), parquet.CreatedBy("tocsin", "", ""))}, nil
}

func (f *parquetFile) write(l logapi.Line) error {
	_, err := f.out.Write([]parquetRow{{l.Time.UnixNano(), l.Level, l.Service, l.Line, l.Template, l.Trace, l.Span, l.Labels}})
	return err
}

// close ends the file, or does away with it if err is not nil.
func (f *parquetFile) close(err error) error {
	if err == nil {
		err = f.out.Close()
	}
	if err == nil {
		err = f.tmp.Chmod(0o644)
	}
	err = errors.Join(err, f.tmp.Close())
	if err == nil {
		err = os.Rename(f.tmp.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.tmp.Name()) // it is of no use
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}
