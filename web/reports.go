package web

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/report"
)

// Reports are what is written of incidents. Unknown ids and names are reported by an
// error that Options.Classify (or *Error) gives KindNotFound.
type Reports struct {
	Postmortem func(ctx context.Context, id string) (report.Postmortem, error)
	// Runbook returns the text of a runbook, Runbooks the names of all.
	Runbook  func(ctx context.Context, name string) ([]byte, error)
	Runbooks func(ctx context.Context) ([]string, error)
	// Learn writes runbooks from what past incidents teach: of alerts and services by
	// name, or of all when none is named.
	Learn func(ctx context.Context, names []string) ([]RunbookWritten, error)
	// Week writes the report on a time.
	Week func(ctx context.Context, from, to time.Time) (report.Week, error)
	// Capture writes an incident with the part of the world that it came of.
	Capture func(ctx context.Context, r CaptureRequest, w io.Writer) error
}

// Postmortem is the answer of GET incidents/{id}/postmortem. Markdown names the files
// of Charts.
type Postmortem struct {
	Postmortem report.Postmortem `json:"postmortem"`
	Markdown   string            `json:"markdown"`
	Charts     []ReportChart     `json:"charts"`
}

// ReportChart is a picture of a report: a PNG, in base64 within JSON.
type ReportChart struct {
	File string `json:"file"`
	PNG  []byte `json:"png"`
}

// reportRoutes are the routes of reports.
func (s *server) reportRoutes(api string, call func(method, path string, f apiFunc, known ...string) route) []route {
	return []route{
		call("GET", "/incidents/{id}/postmortem", s.postmortem),
		{method: "GET", path: api + "/incidents/{id}/postmortem.md", data: true, handler: s.text(s.postmortemText)},
		call("GET", "/week", s.week, "from", "to"),
		call("GET", "/runbooks", s.listRunbooks),
		call("POST", "/runbooks", s.learnRunbooks),
		call("GET", "/runbooks/{name}", s.getRunbook),
		{method: "GET", path: "/runbooks/{name}", data: true, handler: s.text(s.runbookPage)},
		{method: "GET", path: api + "/incidents/{id}/export", params: []string{"before", "after", "history"}, data: true, handler: s.text(s.export, "before", "after", "history")},
	}
}

// errNoReports is the answer of a server without them.
func errNoReports() error {
	return &Error{Kind: KindNotFound, Message: "this daemon writes no reports"}
}

func (s *server) postmortem(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	p, err := s.postmortemOf(r)
	if err != nil {
		return result{}, err
	}
	out := Postmortem{Postmortem: p, Markdown: string(p.Markdown(false)), Charts: make([]ReportChart, len(p.Charts))}
	for n, c := range p.Charts {
		out.Charts[n] = ReportChart{File: c.File, PNG: c.PNG}
	}
	return ok(out)
}

func (s *server) postmortemOf(r *http.Request) (report.Postmortem, error) {
	if s.opts.Reports.Postmortem == nil {
		return report.Postmortem{}, errNoReports()
	}
	return s.opts.Reports.Postmortem(r.Context(), r.PathValue("id"))
}

// Week is the answer of GET week.
type Week struct {
	Week     report.Week `json:"week"`
	Markdown string      `json:"markdown"`
}

// weekDefault is how far back a report on a time looks, and weekMost how far it may.
const (
	weekDefault = 7 * 24 * time.Hour
	weekMost    = 92 * 24 * time.Hour
)

func (s *server) week(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	to := q.time("to", s.opts.Now())
	from := q.time("from", to.Add(-weekDefault))
	if !from.Before(to) || to.Sub(from) > weekMost {
		q.problem("from", "want a time before to, by at most 92 days")
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	if s.opts.Reports.Week == nil {
		return result{}, errNoReports()
	}
	w, err := s.opts.Reports.Week(r.Context(), from, to)
	if err != nil {
		return result{}, err
	}
	return ok(Week{Week: w, Markdown: string(w.Markdown())})
}

// document is a file that is handed out whole.
type document struct {
	contentType string
	file        string // its name when it is saved; "" when it is to be looked at
	body        []byte
}

// postmortemText is the postmortem as one Markdown file with its charts within.
func (s *server) postmortemText(r *http.Request, q *params) (document, error) {
	p, err := s.postmortemOf(r)
	return document{"text/markdown; charset=utf-8", "postmortem-" + p.ID + ".md", p.Markdown(true)}, err
}

// text wraps a function that makes a document into a handler.
func (s *server) text(f func(r *http.Request, q *params) (document, error), known ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := readParams(r, known)
		d, err := f(r, q)
		if err == nil {
			err = q.err()
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", d.contentType)
		h.Set("Content-Length", strconv.Itoa(len(d.body)))
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		if d.file != "" {
			h.Set("Content-Disposition", "attachment; filename="+strconv.Quote(d.file))
		}
		w.Write(d.body) //nolint:errcheck // the caller went away
	})
}
