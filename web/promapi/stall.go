package promapi

import (
	"net/http"
	"time"
)

// partBytes is how much of an answer is given to the connection at a time, so that a slow
// client, which takes it bit by bit, is told from one that takes nothing.
const partBytes = 64 << 10

// unstalled is an answer that ends when its client takes nothing of it for a while. One
// that sleeps with a page open would else keep its place among the queries for ever, and
// some of them all places.
type unstalled struct {
	http.ResponseWriter
	control *http.ResponseController
	most    time.Duration
}

func newUnstalled(w http.ResponseWriter, most time.Duration) *unstalled {
	return &unstalled{w, http.NewResponseController(w), most}
}

// await gives the body of the request its time. The server lifts the deadline when the body
// is whole.
func (u *unstalled) await() {
	_ = u.control.SetReadDeadline(time.Now().Add(u.most)) // a recorder has none
}

func (u *unstalled) hurry() {
	_ = u.control.SetWriteDeadline(time.Now().Add(u.most)) // a recorder has none
}

// Write sends a part of the body.
func (u *unstalled) Write(p []byte) (n int, err error) {
	for {
		u.hurry()
		m, err := u.ResponseWriter.Write(p[n:min(len(p), n+partBytes)])
		if n += m; err != nil || n == len(p) {
			return n, err
		}
	}
}

// FlushError sends what there is.
func (u *unstalled) FlushError() error {
	u.hurry()
	return u.control.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (u *unstalled) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// end leaves the connection to the next request as it was.
func (u *unstalled) end() { _ = u.control.SetWriteDeadline(time.Time{}) }
