package cli

import (
	"context"
	"errors"
	"os"

	"github.com/tocsinhq/tocsin/backtest"
)

// backtestSource says what to judge.
type backtestSource struct {
	Input       []string `type:"path" placeholder:"FILE" help:"CSV file with a line of column names; may be given several times."`
	TimeColumn  string   `name:"time-column" default:"timestamp" help:"Column of the times: Unix seconds or milliseconds, RFC 3339, or 2006-01-02 15:04:05 in UTC."`
	ValueColumn string   `name:"value-column" placeholder:"NAME" help:"Column of the values. By default value; if there is none, every column but the time and label, as the metrics of one service."`
}

// open returns the source that the flags name and the columns that its rows
// need. The meter is told how much there is.
func (c *backtestSource) open(_ context.Context, s streams, m *meter) (backtest.Source, backtest.Columns, error) {
	if len(c.Input) == 0 {
		return nil, backtest.Columns{}, wrongUse(s, errors.New("want --input"))
	}
	for _, path := range c.Input {
		if have, err := os.Stat(path); err == nil {
			m.bytes += have.Size()
		}
	}
	m.all = len(c.Input)
	files, err := backtest.NewCSV(backtest.CSVOptions{Paths: c.Input, TimeColumn: c.TimeColumn, ValueColumn: c.ValueColumn, Read: &m.read})
	if err != nil {
		return nil, backtest.Columns{}, err
	}
	return files, backtest.Columns{Series: len(c.Input) > 1, Metric: files.SeveralMetrics()}, nil
}
