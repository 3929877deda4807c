package remote

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
)

// errNoSuchWay says that a server does not know a way of asking.
var errNoSuchWay = errors.New("the server does not know this request")

// guard stands before the transport: it bounds answers, turns the states that mean
// that there is no such endpoint into errNoSuchWay, and refuses pages for people, of
// which the readers behind say no more than that they cannot read them, and answers of
// VictoriaMetrics that say that they are a part, which they do not look at.
type guard struct {
	next   http.RoundTripper
	most   int64 // bytes of an answer
	noSuch []int // HTTP states
}

// maxErrorBody bounds what of a refusal is read.
const maxErrorBody = 1 << 10

// RoundTrip sends a request.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if slices.Contains(g.noSuch, resp.StatusCode) {
		resp.Body.Close()
		return nil, fmt.Errorf("%w: status %s", errNoSuchWay, resp.Status)
	}
	if resp.StatusCode/100 != 2 {
		resp.Body = readCloser{io.LimitReader(resp.Body, maxErrorBody), resp.Body}
		return resp, nil
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/html" {
		resp.Body.Close()
		return nil, fmt.Errorf("%s answers with a page for people (text/html) and not as the API; url is where the API begins, without /api/v1, and no login may stand before it", withoutUser(r.URL.String()))
	}
	body := bufio.NewReaderSize(&bounded{body: resp.Body, left: g.most, most: g.most}, headMost)
	head, _ := body.Peek(headMost) // an error comes again when it is read
	if partial(head) {
		resp.Body.Close()
		return nil, fmt.Errorf("the server says that its answer is a part (isPartial): some of the nodes that it speaks for gave none")
	}
	resp.Body = readCloser{body, resp.Body}
	return resp, nil
}

// headMost is how much of an answer is looked at before it is read: what stands before
// the data is some tens of bytes.
const headMost = 512

// partial tells whether an answer says of itself that some of the nodes behind a
// VictoriaMetrics cluster are missing from it: it has no warning for that, but a field
// before the data.
func partial(head []byte) bool {
	before, _, _ := bytes.Cut(head, []byte(`"data"`))
	return bytes.HasPrefix(before, []byte("{")) && bytes.Contains(before, []byte(`"isPartial":true`))
}

type readCloser struct {
	io.Reader
	io.Closer
}

// bounded reads up to most bytes; at more it hangs up, for not every reader
// closes an answer that went wrong, and fails.
type bounded struct {
	body       io.ReadCloser
	left, most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.tooLarge()
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		b.body.Close()
		return n - 1, b.tooLarge()
	}
	return n, err
}

func (b *bounded) tooLarge() error {
	return fmt.Errorf("the answer is larger than max_response, %d bytes; ask for less or raise it", b.most)
}
