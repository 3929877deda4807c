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
	return Host(r.RemoteAddr)
}

// Host returns an address without its port, for protocols that have no headers.
func Host(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
