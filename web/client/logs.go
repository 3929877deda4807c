package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/logapi"
)

// LogQuery narrows a search in logs; zero values mean the daemon's defaults.
type LogQuery struct {
	Query      string // LogQL
	Start, End string // as the API takes times
	Since      string
	Limit      int // negative: all
	Forward    bool
}

// maxLogLine bounds one line of an answer: a record of the largest size, escaped.
const maxLogLine = 32 << 20

// Logs calls found with each line that a query finds, as it arrives.
func (c *Client) Logs(ctx context.Context, q LogQuery, found func(logapi.Line) error) error {
	v := url.Values{}
	for name, value := range map[string]string{"query": q.Query, "start": q.Start, "end": q.End, "since": q.Since} {
		if value != "" {
			v.Set(name, value)
		}
	}
	switch {
	case q.Limit < 0:
		v.Set("limit", "0")
	case q.Limit > 0:
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Forward {
		v.Set("direction", "forward")
	}
	return c.lines(ctx, "/api/v1/tocsin/logs?"+v.Encode(), func(text []byte) error {
		var line struct {
			logapi.Line
			Error string `json:"error"`
		}
		if err := json.Unmarshal(text, &line); err != nil {
			return fmt.Errorf("read answer of %s: %w", c.base, err)
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
		return found(line.Line)
	})
}

// TailLogs calls found with the lines that a query finds as they are stored, until ctx
// ends, and missed when the daemon left some out.
func (c *Client) TailLogs(ctx context.Context, query string, found func(logapi.Line) error, missed func()) error {
	event := ""
	return c.lines(ctx, "/api/v1/tocsin/logs/tail?"+url.Values{"query": {query}}.Encode(), func(text []byte) error {
		if name, ok := strings.CutPrefix(string(text), "event: "); ok {
			event = name
			return nil
		}
		data, ok := strings.CutPrefix(string(text), "data: ")
		if !ok {
			return nil
		}
		switch event {
		case "missed":
			missed()
		case "failed":
			return fmt.Errorf("the daemon ended the tail: %s", data)
		case "line":
			var line logapi.Line
			if err := json.Unmarshal([]byte(data), &line); err != nil {
				return fmt.Errorf("read answer of %s: %w", c.base, err)
			}
			return found(line)
		}
		return nil
	})
}

// lines asks with GET and calls each with every line of the answer, however long that
// takes.
func (c *Client) lines(ctx context.Context, path string, each func([]byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: c.http.Transport}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		e := &Error{Status: res.StatusCode}
		if json.Unmarshal(body, &e.Body) != nil || e.Body.Error == "" {
			e.Body = web.ErrorBody{Error: fmt.Sprintf("%s answered %s", c.base, res.Status)}
		}
		return e
	}
	scan := bufio.NewScanner(res.Body)
	scan.Buffer(make([]byte, 64<<10), maxLogLine)
	for scan.Scan() {
		if len(scan.Bytes()) == 0 {
			continue
		}
		if err := each(scan.Bytes()); err != nil {
			return err
		}
	}
	return scan.Err()
}
