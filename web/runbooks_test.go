package web

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
)

const nasty = "---\ntocsin_runbook: 1\n---\n# Title\n<!-- people:a -->\n<script>alert(1)</script> <img src=x onerror=alert(1)>\n" +
	"[x](javascript:alert(1)) [y](https://example.org) <!-- /people:b -->\n\n| a | b |\n| --- | --- |\n| 1 | `<b>` |\n<!-- /people:a -->\n"

func TestRunbookPage_NothingRuns(t *testing.T) {
	s := &server{opts: Options{Reports: Reports{Runbook: func(context.Context, string) ([]byte, error) { return []byte(nasty), nil }}}}
	r := httptest.NewRequest("GET", "/runbooks/x", nil)
	r.SetPathValue("name", `"><script>`)
	w := httptest.NewRecorder()
	s.text(s.runbookPage).ServeHTTP(w, r)
	body := w.Body.String()
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("got %d %s", w.Code, body)
	}
	for _, bad := range []string{"<script", "<img", "javascript:", "tocsin_runbook"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q is in the page:\n%s", bad, body)
		}
	}
	for _, good := range []string{"<h1", "<table>", `href="https://example.org"`, "&lt;b&gt;"} {
		if !strings.Contains(body, good) {
			t.Errorf("%q is not in the page:\n%s", good, body)
		}
	}
}

func TestReports_Without_AreNotFound(t *testing.T) {
	s := &server{}
	for name, err := range map[string]error{"postmortem": second(s.postmortemOf(httptest.NewRequest("GET", "/", nil))), "runbook": second(s.runbook(httptest.NewRequest("GET", "/", nil)))} {
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindNotFound {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := s.export(httptest.NewRequest("GET", "/x?before=2y", nil), readParams(httptest.NewRequest("GET", "/x?before=2y", nil), []string{"before"})); err == nil || !strings.Contains(err.Error(), "before") {
		t.Errorf("got %v, want the parameter named", err)
	}
}

func second[T any](_ T, err error) error { return err }
