package web

import (
	"bytes"
	"net/http"
	"time"

	"github.com/prometheus/common/model"
)

// CaptureRequest asks for an incident with the time Before its onset and After its end,
// and the History that is learned from before that.
type CaptureRequest struct {
	ID                     string
	Before, After, History time.Duration
}

// Defaults and bounds of a capture.
const (
	captureBefore  = 2 * time.Hour
	captureAfter   = 30 * time.Minute
	captureHistory = 7 * 24 * time.Hour
	captureMost    = 30 * 24 * time.Hour
	playMost       = 7 * 24 * time.Hour
)

// export hands out a capture. It is made whole before the answer begins, so that what
// goes wrong is told as an error and not as a file that is cut off.
func (s *server) export(r *http.Request, q *params) (document, error) {
	req := CaptureRequest{
		ID: r.PathValue("id"), Before: q.span("before", captureBefore, playMost),
		After: q.span("after", captureAfter, playMost), History: q.span("history", captureHistory, captureMost),
	}
	if err := q.err(); err != nil {
		return document{}, err
	}
	if s.opts.Reports.Capture == nil {
		return document{}, errNoReports()
	}
	var b bytes.Buffer
	err := s.opts.Reports.Capture(r.Context(), req, &b)
	return document{"application/gzip", "incident-" + req.ID + ".tocsin", b.Bytes()}, err
}

// span reads a duration such as 90s or 2h, at most so long.
func (q *params) span(name string, otherwise, most time.Duration) time.Duration {
	text := q.text(name)
	if text == "" {
		return otherwise
	}
	d, err := model.ParseDuration(text)
	if err != nil || time.Duration(d) > most {
		q.problem(name, "want a duration such as 30m, at most %s, got %q", model.Duration(most), text)
		return otherwise
	}
	return time.Duration(d)
}
