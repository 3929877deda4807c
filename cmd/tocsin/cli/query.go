package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/web/client"
	"github.com/tocsinhq/tocsin/web/logapi"
)

type queryCommand struct {
	Logs queryLogsCommand `cmd:"" help:"Find log lines by a LogQL query, or follow them."`
}

type queryLogsCommand struct {
	URL    string `name:"url" env:"TOCSIN_URL" default:"http://127.0.0.1:9099" help:"Address of the running daemon."`
	Query  string `arg:"" optional:"" help:"LogQL, such as '{service_name=\"pay\"} |= \"timeout\"'; all lines by default."`
	Since  string `placeholder:"DURATION" help:"How long ago to begin, 1h by default."`
	From   string `placeholder:"TIME" help:"Begin at this time, RFC 3339 or seconds since 1970, instead of --since."`
	To     string `placeholder:"TIME" help:"End at this time; now by default."`
	Limit  int    `default:"100" help:"Print at most so many lines, the newest ones; 0 is all, as they are read."`
	Follow bool   `short:"f" help:"Print lines as they are stored, until Ctrl-C."`
	Output string `short:"o" default:"text" enum:"text,json,raw,parquet" help:"text: time, level, service and line; json: one object a line; raw: the line alone; parquet: a file for other programs, see --out."`
	Out    string `placeholder:"FILE" help:"File for -o parquet; it is there when it is whole."`
}

// Run prints what a query finds, the oldest line first.
func (c *queryLogsCommand) Run(ctx context.Context, s streams) error {
	cl, err := client.New(c.URL)
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return wrongUse(s, fmt.Errorf("--limit: want 0 or more, got %d", c.Limit))
	}
	if (c.Output == "parquet") != (c.Out != "") || (c.Out != "" && c.Follow) {
		return wrongUse(s, errors.New("--out goes with -o parquet, and neither with --follow"))
	}
	if c.Out != "" {
		f, err := newParquetFile(c.Out)
		if err != nil {
			return err
		}
		return f.close(c.find(ctx, cl, f.write))
	}
	out := bufio.NewWriter(s.out)
	show := func(l logapi.Line) error { return c.print(out, l) }
	if c.Follow {
		err := cl.TailLogs(ctx, c.Query, func(l logapi.Line) error {
			if err := show(l); err != nil {
				return err
			}
			return out.Flush()
		}, func() { fmt.Fprintln(s.err, "some lines came too fast and are left out") })
		if ctx.Err() != nil {
			return nil // Ctrl-C is how it ends
		}
		return err
	}
	return errors.Join(c.find(ctx, cl, show), out.Flush()) // of what came before an error whole lines
}

// find shows what the query finds, the oldest line first.
func (c *queryLogsCommand) find(ctx context.Context, cl *client.Client, show func(logapi.Line) error) error {
	q := client.LogQuery{Query: c.Query, Since: c.Since, Start: c.From, End: c.To, Limit: c.Limit}
	if c.Limit == 0 { // as they are read
		q.Limit, q.Forward = -1, true
		return cl.Logs(ctx, q, show)
	}
	var found []logapi.Line // the newest first
	err := cl.Logs(ctx, q, func(l logapi.Line) error {
		found = append(found, l)
		return nil
	})
	if err != nil {
		return err
	}
	for i := len(found) - 1; i >= 0; i-- {
		if err := show(found[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *queryLogsCommand) print(w io.Writer, l logapi.Line) (err error) {
	switch c.Output {
	case "json":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(l)
	case "raw":
		_, err = fmt.Fprintln(w, l.Line) // for programs, to the byte
	default:
		_, err = fmt.Fprintf(w, "%s %-5s %s: %s\n", l.Time.Format(time.RFC3339Nano), strings.ToUpper(l.Level), printable(l.Service), printableLines(l.Line))
	}
	return err
}
