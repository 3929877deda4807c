package otlp

import (
	"net/http"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tocsinhq/tocsin/ingest"
)

// code is the word of gRPC for a status of HTTP.
func code(http int) codes.Code {
	if c, ok := byStatus[http]; ok {
		return c
	}
	return codes.Internal
}

var byStatus = map[int]codes.Code{
	http.StatusBadRequest:            codes.InvalidArgument,
	http.StatusUnauthorized:          codes.Unauthenticated,
	http.StatusForbidden:             codes.PermissionDenied,
	http.StatusMethodNotAllowed:      codes.Unimplemented,
	http.StatusRequestTimeout:        codes.DeadlineExceeded,
	http.StatusRequestEntityTooLarge: codes.ResourceExhausted,
	http.StatusUnsupportedMediaType:  codes.InvalidArgument,
	http.StatusTooManyRequests:       codes.ResourceExhausted,
	http.StatusServiceUnavailable:    codes.Unavailable,
}

// statusOf is a refusal as both ways of transport tell it. The time to wait is a
// detail that senders over gRPC obey; without it they give up.
func statusOf(f *ingest.Refusal) *status.Status {
	// What it cites of a body may be no text, with which it could not be packed.
	st := status.New(code(f.Code), strings.ToValidUTF8(f.Text, "\uFFFD"))
	if f.RetryAfter > 0 {
		if with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(max(f.RetryAfter, time.Second))}); err == nil {
			return with
		}
	}
	return st
}
