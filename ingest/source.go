package ingest

import (
	"net"
	"net/http"
	"strings"
)

// maxSource bounds the name of a source, in bytes.
const maxSource = 128

// Source returns whom a request is from: the value of the header named, if one is
// and the request has it, or the address without the port.
func Source(r *http.Request, header string) string {
	if header != "" {
		if v := strings.TrimSpace(r.Header.Get(header)); v != "" {
			return strings.Clone(v[:min(len(v), maxSource)])
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
