package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// params reads the query of a request and gathers every problem in it, so that
// a caller is told of all mistakes at once.
type params struct {
	values   url.Values
	problems []Problem
}

// readParams refuses parameters that the route does not know, and repeats.
func readParams(r *http.Request, known []string) *params {
	p := &params{}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.problem("", "query string: %v", err)
	}
	p.values = values
	for _, name := range sortedKeys(values) {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			p.problem(name, "unknown query parameter; this route takes none")
		case !slices.Contains(known, name):
			p.problem(name, "unknown query parameter; want one of %s", strings.Join(known, ", "))
		case len(values[name]) > 1:
			p.problem(name, "want it once, got it %d times", len(values[name]))
		}
	}
	return p
}

func sortedKeys(v url.Values) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (p *params) problem(field, format string, args ...any) {
	p.problems = append(p.problems, Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

// err returns nil, or one *Error of KindInvalid with all problems.
func (p *params) err() error { return invalid(p.problems) }

func invalid(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	var b strings.Builder
	for i, x := range problems {
		if i > 0 {
			b.WriteString("; ")
		}
		if x.Field != "" {
			b.WriteString(x.Field + ": ")
		}
		b.WriteString(x.Message)
	}
	return &Error{Kind: KindInvalid, Message: b.String(), Problems: problems}
}

// text returns a parameter of at most 4096 bytes, "" when absent.
func (p *params) text(name string) string {
	v := p.values.Get(name)
	if len(v) > 4096 {
		p.problem(name, "want at most 4096 bytes, got %d", len(v))
		return ""
	}
	return v
}

// limit returns the limit parameter, def when absent.
func (p *params) limit(def, most int) int {
	v := p.values.Get("limit")
	if v == "" {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most {
		p.problem("limit", "want a whole number from 1 to %d, got %q", most, v)
		return def
	}
	return n
}

// choice returns a parameter that must be one of the given words, def when absent.
func (p *params) choice(name, def string, words ...string) string {
	v := p.values.Get(name)
	if v == "" {
		return def
	}
	if !slices.Contains(words, v) {
		p.problem(name, "want one of %s, got %q", strings.Join(words, ", "), v)
		return def
	}
	return v
}

// time returns a parameter given as RFC 3339 or as seconds since the Unix
// epoch, def when absent.
func (p *params) time(name string, def time.Time) time.Time {
	v := p.values.Get(name)
	if v == "" {
		return def
	}
	if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
		return t.UTC()
	}
	// Up to the year 9999; beyond it neither JSON nor SQL can hold the time.
	if f, err := strconv.ParseFloat(v, 64); err == nil && f >= 0 && f < 253402300800 {
		return time.UnixMilli(int64(math.Round(f * 1000))).UTC()
	}
	p.problem(name, "want a time as RFC 3339 or in seconds since 1970, got %q", v)
	return def
}

// duration returns a parameter given as a duration such as 15s or 3d, or in seconds;
// 0 when absent.
func (p *params) duration(name string) time.Duration {
	v := p.values.Get(name)
	if v == "" {
		return 0
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil && f*float64(time.Second) >= 1 && f < 1e9 {
		return time.Duration(f * float64(time.Second))
	}
	if d, err := time.ParseDuration(v); err == nil && d > 0 {
		return d
	}
	if d, err := model.ParseDuration(v); err == nil && d > 0 {
		return time.Duration(d)
	}
	p.problem(name, "want a positive duration such as 15s, or seconds, got %q", v)
	return 0
}

// readBody returns the whole body, at most limit bytes of it.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
}

// readJSON decodes a body that must hold exactly one object with known fields.
// An empty body leaves v as it is.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, new(*http.MaxBytesError)):
		return err
	case err != nil:
		return &Error{Kind: KindInvalid, Message: "read body: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &Error{Kind: KindInvalid, Message: "read body: want one JSON object and nothing after it"}
	}
	return nil
}
