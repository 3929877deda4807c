// Package logstest makes log records for tests and benches: a stream like that of the
// Train Ticket system, 27 services that speak to each other, with traces, spans and
// pods, the same for the same seed.
package logstest

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

var services = []string{
	"ts-admin-basic-info-service", "ts-admin-order-service", "ts-admin-route-service", "ts-admin-travel-service", "ts-assurance-service",
	"ts-auth-service", "ts-basic-service", "ts-cancel-service", "ts-config-service", "ts-consign-price-service", "ts-consign-service",
	"ts-contacts-service", "ts-food-service", "ts-inside-payment-service", "ts-notification-service", "ts-order-other-service",
	"ts-order-service", "ts-payment-service", "ts-preserve-service", "ts-price-service", "ts-route-plan-service", "ts-route-service",
	"ts-seat-service", "ts-security-service", "ts-station-service", "ts-ticketinfo-service", "ts-travel-service",
}

var stations = []string{"shanghai", "suzhou", "nanjing", "wuxi", "zhenjiang", "beijing", "jinan", "xuzhou", "taiyuan", "shijiazhuang"}

// phrases make the sentences of a service: a verb, an object and an end each, so that
// every service has its own ten.
var (
	verbs   = []string{"query", "create", "update", "check", "calculate", "cancel", "find", "save", "verify", "rebook"}
	objects = []string{"order", "travel", "route", "price", "seat", "contact", "food", "config", "station", "payment"}
)

// Stream makes records. It is for one goroutine.
type Stream struct {
	rng    *rand.Rand
	at     int64
	traces []trace // under way
	users  []string
	line   []byte
}

type trace struct {
	id   [16]byte
	user string
	left int
	// A service writes some records in a span, then another one is called.
	span    [8]byte
	service int
	inSpan  int
}

// NewStream returns a stream whose first record is at a time.
func NewStream(seed uint64, begin time.Time) *Stream {
	s := &Stream{rng: rand.New(rand.NewPCG(seed, 27)), at: begin.UnixNano()}
	for range 500 {
		s.users = append(s.users, s.uuid())
	}
	return s
}

func (s *Stream) uuid() string {
	var b [16]byte
	s.fill(b[:])
	t := hex.EncodeToString(b[:])
	return t[:8] + "-" + t[8:12] + "-4" + t[13:16] + "-a" + t[17:20] + "-" + t[20:]
}

func (s *Stream) fill(b []byte) {
	for i := range b {
		b[i] = byte(s.rng.Uint32())
	}
}

// Next makes the next record of the stream in r, about a hundredth of a second after
// the one before, and returns the length of the line that would hold all of it: time,
// service, pod, level, ids and text with tabs between.
func (s *Stream) Next(r *telemetry.LogRecord) int {
	s.at += int64(s.rng.ExpFloat64() * 3.6e6) // 1 million an hour
	for len(s.traces) < 40 {
		t := trace{user: s.users[s.rng.IntN(len(s.users))], left: 10 + s.rng.IntN(54)}
		s.fill(t.id[:])
		s.traces = append(s.traces, t)
	}
	k := s.rng.IntN(len(s.traces))
	t := &s.traces[k]
	if t.inSpan--; t.inSpan < 0 {
		t.service, t.inSpan = s.rng.IntN(len(services)), s.rng.IntN(5)
		s.fill(t.span[:])
	}
	n := t.service
	r.Service, r.Time, r.TraceID, r.SpanID = services[n], s.at, t.id, t.span
	r.Stream = append(r.Stream[:0],
		telemetry.Pair{Name: []byte("pod"), Value: pod(n, s.rng.IntN(3))},
		telemetry.Pair{Name: []byte("namespace"), Value: []byte("ts")},
		telemetry.Pair{Name: []byte("container"), Value: []byte(services[n])})
	r.Severity = telemetry.SeverityInfo
	kind := min(s.rng.IntN(10), s.rng.IntN(10)) // some are much more frequent than others
	word := "INFO"
	switch {
	case kind == 9:
		r.Severity, word = telemetry.SeverityError, "ERROR"
	case kind == 8:
		r.Severity, word = telemetry.SeverityWarn, "WARN"
	}
	s.line = s.sentence(s.line[:0], n, kind, word, t, r)
	r.Body = s.line
	if t.left--; t.left <= 0 {
		s.traces[k] = s.traces[len(s.traces)-1]
		s.traces = s.traces[:len(s.traces)-1]
	}
	return len("2022-08-22T03:51:13.123456789Z\t") + len(r.Service) + len(r.Stream[0].Value) + len(word) + 32 + 16 + 5 + len(r.Body)
}

func pod(n, replica int) []byte {
	return fmt.Appendf(nil, "%s-%08x-%05x", services[n], uint32(n+1)*2654435761, uint32(replica*31+n)*40503&0xfffff)
}

// sentence appends the text of a record.
func (s *Stream) sentence(b []byte, n, kind int, word string, t *trace, r *telemetry.LogRecord) []byte {
	b = time.Unix(0, s.at).UTC().AppendFormat(b, "2006-01-02 15:04:05.000")
	b = append(b, "  "...)
	b = append(b, word...)
	b = append(b, " 1 --- [nio-8080-exec-"...)
	b = strconv.AppendInt(b, int64(1+s.rng.IntN(10)), 10)
	b = append(b, "] "...)
	b = append(b, "f.service."...)
	b = append(b, services[n][3:]...)
	b = append(b, "Impl : ["...)
	b = append(b, verbs[(n+kind)%10]...)
	b = append(b, objects[(n*3+kind*7)%10]...)
	b = append(b, ']', '[')
	switch kind {
	case 0, 1:
		b = append(b, "Request received] user: "...)
		b = append(b, t.user...)
		b = append(b, ", from: "...)
		b = append(b, stations[s.rng.IntN(10)]...)
		b = append(b, ", to: "...)
		b = append(b, stations[s.rng.IntN(10)]...)
		b = append(b, ", departure date: 2022-08-"...)
		b = append(b, byte('1'+s.rng.IntN(2)), byte('0'+s.rng.IntN(10)))
		b = append(b, ", class: "...)
		b = strconv.AppendInt(b, int64(s.rng.IntN(4)), 10)
	case 2:
		b = append(b, "Done] took "...)
		b = strconv.AppendInt(b, int64(s.rng.ExpFloat64()*40), 10)
		b = append(b, " ms, rows: "...)
		b = strconv.AppendInt(b, int64(s.rng.IntN(60)), 10)
		b = append(b, ", price: "...)
		b = strconv.AppendFloat(b, float64(s.rng.IntN(100000))/100, 'f', 2, 64)
		b = append(b, ", TraceID: "...)
		b = hex.AppendEncode(b, t.id[:])
		b = append(b, ", SpanID: "...)
		b = hex.AppendEncode(b, r.SpanID[:])
	case 3, 4:
		b = append(b, "HTTP call] GET http://ts-"...)
		b = append(b, objects[(n+kind)%10]...)
		b = append(b, "-service:"...)
		b = strconv.AppendInt(b, 11000+int64(n)*10+int64(kind), 10)
		b = append(b, "/api/v1/"...)
		b = append(b, objects[(n+kind)%10]...)
		b = append(b, "service/"...)
		b = append(b, t.user...)
		b = append(b, " status: 200, response {\"status\":1,\"msg\":\"Success\",\"data\":{\"trainNumber\":\"G"...)
		b = strconv.AppendInt(b, int64(1200+s.rng.IntN(60)), 10)
		b = append(b, "\",\"seatClass\":"...)
		b = strconv.AppendInt(b, int64(s.rng.IntN(4)), 10)
		b = append(b, "}}"...)
	case 8:
		b = append(b, "Slow] no answer from "...)
		b = append(b, services[(n+5)%27]...)
		b = append(b, " within "...)
		b = strconv.AppendInt(b, int64(1000+s.rng.IntN(4000)), 10)
		b = append(b, " ms, attempt "...)
		b = strconv.AppendInt(b, int64(1+s.rng.IntN(3)), 10)
		b = append(b, " of 3, address 10.244."...)
		b = strconv.AppendInt(b, int64(s.rng.IntN(4)), 10)
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(s.rng.IntN(250)), 10)
		b = append(b, ":8080"...)
	case 9:
		b = append(b, "Order is not found] order id: "...)
		b = append(b, s.uuid()...)
		b = append(b, "\n\tat fdse.microservice.service.OrderServiceImpl.find(OrderServiceImpl.java:"...)
		b = strconv.AppendInt(b, int64(100+s.rng.IntN(5)), 10)
		b = append(b, ")\n\tat sun.reflect.NativeMethodAccessorImpl.invoke0(Native Method)\n\tat java.lang.Thread.run(Thread.java:748)"...)
	default:
		b = append(b, "Processing] order: "...)
		b = append(b, s.uuid()...)
		b = append(b, ", account: "...)
		b = append(b, t.user...)
		b = append(b, ", contact name: Contacts_"...)
		b = append(b, 'A'+byte(s.rng.IntN(26)))
		b = append(b, ", document number: DocumentNumber_"...)
		b = strconv.AppendInt(b, int64(s.rng.IntN(100000)), 10)
	}
	return b
}
