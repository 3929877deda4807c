package ingest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
)

// message is what the headers say the body holds.
type message int

const (
	messageUnknown message = iota
	messageV1
	messageV2
)

// messageNames are the names of the messages in protobuf, as Content-Type has them.
var messageNames = [...]string{messageV1: "prometheus.WriteRequest", messageV2: "io.prometheus.write.v2.Request"}

// messageVersions are the versions of remote write that messages belong to.
var messageVersions = [...]string{messageUnknown: "unknown", messageV1: "1.0", messageV2: "2.0"}

// String returns the name of the message in protobuf.
func (m message) String() string { return messageNames[m] }

// accepted is what a sender must send, for the sentences that refuse it.
const accepted = "send Content-Type application/x-protobuf with proto=prometheus.WriteRequest (remote write 1.0, also without proto) or proto=io.prometheus.write.v2.Request (2.0), and Content-Encoding snappy"

// acceptable tells from the headers alone which message comes, or refuses what
// they show to be wrong. Before it has spoken the body is not looked at.
func acceptable(r *http.Request) (message, *Refusal) {
	if r.Method != http.MethodPost {
		return messageUnknown, Refuse(http.StatusMethodNotAllowed, "method", "want POST, got %s", r.Method)
	}
	m := messageV1 // old senders name no type
	switch t := r.Header.Get("Content-Type"); t {
	case "", "application/x-protobuf": // as nearly all write it
	default:
		media, params, err := mime.ParseMediaType(t)
		if err != nil {
			return messageUnknown, Refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q: %s; %s", t, err, accepted)
		}
		if media != "application/x-protobuf" {
			return messageUnknown, Refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q is not accepted; %s", t, accepted)
		}
		switch p := params["proto"]; p {
		case "", messageNames[messageV1]:
		case messageNames[messageV2]:
			m = messageV2
		default:
			return messageUnknown, Refuse(http.StatusUnsupportedMediaType, "content_type", "message %q is not accepted; %s", p, accepted)
		}
	}
	// Old senders name no encoding and mean snappy.
	encodings := r.Header.Values("Content-Encoding")
	if len(encodings) == 1 && encodings[0] == "snappy" {
		return m, nil
	}
	if e := strings.Join(encodings, ", "); e != "" && !strings.EqualFold(e, "snappy") {
		return m, Refuse(http.StatusUnsupportedMediaType, "content_encoding", "Content-Encoding %q is not accepted; %s", e, accepted)
	}
	return m, nil
}

// decode fills the batch from an uncompressed body.
func (s *scratch) decode(m message, body []byte) error {
	if m == messageV2 {
		return s.v2.Decode(body, &s.batch)
	}
	return s.v1.Decode(body, &s.batch)
}

// setWritten sets the headers in which 2.0 tells the sender how much of a request
// is stored. Without them a sender takes nothing for written.
func setWritten(h http.Header, r telemetry.WriteResult) {
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(r.Stored-r.Histograms))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(r.Histograms))
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", strconv.Itoa(r.Exemplars))
}

// withoutMixed takes out the series that carry floats and native histograms at
// once, which 2.0 forbids, and returns their refusals. They stay in the batch
// without samples, so that the others keep their numbers.
func withoutMixed(b *telemetry.Batch) (refused telemetry.WriteResult) {
	for i := range b.Series {
		s := &b.Series[i]
		if len(s.Samples) == 0 || len(s.Histograms) == 0 {
			continue
		}
		refused.Reject(telemetry.Rejection{
			Series: i, Labels: name(s), Reason: telemetry.ReasonMixedTypes,
			Message: "want samples or histograms in one series, got " + strconv.Itoa(len(s.Samples)) + " samples and " + strconv.Itoa(len(s.Histograms)) + " histograms",
			Samples: len(s.Samples) + len(s.Histograms), Exemplars: len(s.Exemplars),
		})
		s.Samples, s.Histograms, s.Exemplars = s.Samples[:0], s.Histograms[:0], s.Exemplars[:0]
	}
	return refused
}

// name returns the name of a series for a sentence, cut to a length that fits.
func name(s *telemetry.Series) string {
	for _, p := range s.Labels {
		if string(p.Name) == "__name__" {
			return strconv.Quote(string(p.Value[:min(len(p.Value), 128)]))
		}
	}
	return ""
}
