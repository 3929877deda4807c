package web

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// RunbookList is the answer of GET runbooks.
type RunbookList struct {
	Runbooks []string `json:"runbooks"` // names, sorted
}

// RunbookText is the answer of GET runbooks/{name}.
type RunbookText struct {
	Name     string `json:"name"`
	Markdown string `json:"markdown"`
}

// RunbookNames is the body of POST runbooks; no names mean all.
type RunbookNames struct {
	Names []string `json:"names"`
}

// RunbooksWritten is the answer of POST runbooks.
type RunbooksWritten struct {
	Runbooks []RunbookWritten `json:"runbooks"`
}

// RunbookWritten is one of the runbooks that were written. Changed is false when it says
// what it said before, or when people wrote it as a whole.
type RunbookWritten struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Subject   string `json:"subject"`
	Incidents int    `json:"incidents"` // it was learned from
	Changed   bool   `json:"changed"`
	Markdown  string `json:"markdown"`
}

func (s *server) listRunbooks(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	if s.opts.Reports.Runbooks == nil {
		return result{}, errNoReports()
	}
	names, err := s.opts.Reports.Runbooks(r.Context())
	if err != nil {
		return result{}, err
	}
	return ok(RunbookList{Runbooks: orEmpty(names)})
}

func (s *server) getRunbook(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	text, err := s.runbook(r)
	if err != nil {
		return result{}, err
	}
	return ok(RunbookText{Name: r.PathValue("name"), Markdown: string(text)})
}

func (s *server) runbook(r *http.Request) ([]byte, error) {
	if s.opts.Reports.Runbook == nil {
		return nil, errNoReports()
	}
	return s.opts.Reports.Runbook(r.Context(), r.PathValue("name"))
}

func (s *server) learnRunbooks(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	if s.opts.Reports.Learn == nil {
		return result{}, errNoReports()
	}
	var body RunbookNames
	if err := readJSON(w, r, s.opts.Config.MaxBodyBytes, &body); err != nil {
		return result{}, err
	}
	written, err := s.opts.Reports.Learn(r.Context(), body.Names)
	if err != nil {
		return result{}, err
	}
	return ok(RunbooksWritten{Runbooks: orEmpty(written)})
}

// runbookPage shows a runbook as a page of its own, which needs no script: somebody in
// trouble opens it from a message. HTML in the text is left out, and addresses that
// could run something are not made links.
func (s *server) runbookPage(r *http.Request, _ *params) (document, error) {
	text, err := s.runbook(r)
	if err != nil {
		return document{}, err
	}
	var body bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(withoutFront(text), &body); err != nil {
		return document{}, fmt.Errorf("render runbook: %w", err)
	}
	var page bytes.Buffer
	fmt.Fprintf(&page, runbookFrame, html.EscapeString(r.PathValue("name")), body.Bytes())
	return document{contentType: "text/html; charset=utf-8", body: page.Bytes()}, nil
}

// runbookFrame is the page around a runbook. The content security policy of every answer
// permits style from our own files only, so the browser's own style has to do.
const runbookFrame = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Runbook %s</title>
<link rel="stylesheet" href="/runbook.css">
</head>
<body>
<main>
<p><a href="/">Tocsin</a></p>
%s
</main>
</body>
</html>
`

// withoutFront cuts the front matter, which is for machines, and the marks of what people
// wrote.
func withoutFront(text []byte) []byte {
	s := strings.ReplaceAll(string(text), "\r\n", "\n")
	if rest, has := strings.CutPrefix(s, "---\n"); has {
		if _, after, ends := strings.Cut(rest, "\n---\n"); ends {
			s = after
		}
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "<!-- people:") && !strings.HasPrefix(line, "<!-- /people:") {
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}
