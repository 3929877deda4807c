package syslog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/syslog"
)

// decode returns what a message becomes, on one line.
func decode(t testing.TB, message string, now time.Time) string {
	t.Helper()
	s := &logline.Sheet{Limits: logline.Limits{Attributes: 1000, Value: 32 << 10}}
	d := &syslog.Decoder{Location: time.UTC}
	if !d.Decode(s, []byte(message), now, []byte("10.0.0.9")) {
		return "nothing"
	}
	return logtest.Show(&s.Records[0])
}

func TestDecode_RFC5424(t *testing.T) {
	for message, want := range map[string]string{
		`<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - ` + "\xef\xbb\xbf" + `'su root' failed`:                                 `2003-10-11T22:14:15.003Z 18 "su" facility="auth" host="mymachine.example.com" app="su" | msgid="ID47" | "'su root' failed"`,
		`<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.`:                                                         `2003-08-24T12:14:15.000003Z 10 "myproc" facility="local4" host="192.0.2.1" app="myproc" | procid="8710" | "%% It's time."`,
		`<165>1 2003-10-11T22:14:15Z h evntslog - ID47 [ex@32473 iut="3" a="x\"y\]z\\"][trace trace_id="4bf92f3577b34da6a3ce929d0e0e4736"] BOMAn`: `2003-10-11T22:14:15Z 10 "evntslog" facility="local4" host="h" app="evntslog" | msgid="ID47" ex@32473.iut="3" ex@32473.a="x\"y]z\\" | "BOMAn" trace=4bf92f3577b34da6a3ce929d0e0e4736`,
		`<13>1 - h a - - -  from rsyslog`:                              `- 10 "a" facility="user" host="h" app="a" | | "from rsyslog"`,
		`<13>1 - h a - - -     at f (a.js)`:                            `- 10 "a" facility="user" host="h" app="a" | | "    at f (a.js)"`,
		`<0>1 - - - - - -`:                                             `- 22 "" facility="kern" host="10.0.0.9" | | ""`,
		`<13>1 - h a - - - text`:                                       `- 10 "a" facility="user" host="h" app="a" | | "text"`,
		`<13>1 2026-13-45T99:00:00Z h a - - - bad time`:                `- 10 "a" facility="user" host="h" app="a" | tocsin.time_as_sent="2026-13-45T99:00:00Z" | "bad time"`,
		`<13>1 1677-01-01T00:00:00Z h a - - - old`:                     `- 10 "a" facility="user" host="h" app="a" | tocsin.time_as_sent="1677-01-01T00:00:00Z" | "old"`,
		`<13>1 2026-01-01T00:00:00Z h a - - [x y="z text`:              `2026-01-01T00:00:00Z 10 "a" facility="user" host="h" app="a" | | "[x y=\"z text"`,
		`<13>1 2026-01-01T00:00:00Z h`:                                 `- 10 "" facility="user" host="10.0.0.9" | | "2026-01-01T00:00:00Z h"`,
		`<13>1 2026-01-01T00:00:00Z h a - - - one#012  two#011three`:   `2026-01-01T00:00:00Z 10 "a" facility="user" host="h" app="a" | | "one\n  two\tthree"`,
		`<13>1 2026-01-01T00:00:00Z h a - - - @cee: {"msg":"x","n":1}`: `2026-01-01T00:00:00Z 10 "a" facility="user" host="h" app="a" | n="1" | "x"`,
		`<13>1 2026-01-01T00:00:00Z h a - - - @cee: {broken`:           `2026-01-01T00:00:00Z 10 "a" facility="user" host="h" app="a" | | "@cee: {broken"`,
		"<13>1 2026-01-01T00:00:00Z h a - - - nul\x00in\xff\n\x00":     `2026-01-01T00:00:00Z 10 "a" facility="user" host="h" app="a" | | "nul\x00in\xff"`,
	} {
		if got := decode(t, message, logtest.Now); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", message, got, want)
		}
	}
}

func TestDecode_RFC3164(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for message, want := range map[string]string{
		`<34>Oct 11 22:14:15 mymachine su: 'su root' failed`:                  `2026-10-11T22:14:15Z 18 "su" facility="auth" host="mymachine" app="su" | | "'su root' failed"`,
		`<30>Nov  1 01:02:03 h sshd[123]: Accepted key for root`:              `2026-11-01T01:02:03Z 9 "sshd" facility="daemon" host="h" app="sshd" | procid="123" | "Accepted key for root"`,
		`<30>Nov 23 07:59:00 cron[9]: no host`:                                `2026-11-23T07:59:00Z 9 "cron" facility="daemon" app="cron" host="10.0.0.9" | procid="9" | "no host"`,
		`<30>2026-11-23T07:59:00.123456+01:00 h app: forwarded by rsyslog`:    `2026-11-23T06:59:00.123456Z 9 "app" facility="daemon" host="h" app="app" | | "forwarded by rsyslog"`,
		`<189>*Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console`: `2026-03-01T18:46:11.123Z 10 "%SYS-5-CONFIG_I" facility="local7" app="%SYS-5-CONFIG_I" host="10.0.0.9" | | "Configured from console"`,
		`<13>just words without a time`:                                       `- 10 "" facility="user" host="10.0.0.9" | | "just words without a time"`,
		`<13>prog[5]: a tag without a time`:                                   `- 10 "prog" facility="user" app="prog" host="10.0.0.9" | procid="5" | "a tag without a time"`,
		`<13>Feb 29 12:00:00 h a: leap`:                                       `2024-02-29T12:00:00Z 10 "a" facility="user" host="h" app="a" | | "leap"`,
		`no priority at all`:                                                  `- 0 "" host="10.0.0.9" | | "no priority at all"`,
		`<192>x`:                                                              `- 0 "" host="10.0.0.9" | | "<192>x"`,
		`<-1>x`:                                                               `- 0 "" host="10.0.0.9" | | "<-1>x"`,
		`<999999999999>x`:                                                     `- 0 "" host="10.0.0.9" | | "<999999999999>x"`,
		`<13>2 odd version`:                                                   `- 10 "" facility="user" host="10.0.0.9" | | "2 odd version"`,
		`<13>Nov 23 07:59:00 h http://x/y was asked`:                          `2026-11-23T07:59:00Z 10 "" facility="user" host="h" | | "http://x/y was asked"`,
		"\x00\n": `nothing`,
		``:       `nothing`,
	} {
		if got := decode(t, message, now); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", message, got, want)
		}
	}
}

func TestDecode_YearIsGuessed(t *testing.T) {
	for _, tt := range []struct{ now, message, want string }{
		{"2026-01-01T00:00:05Z", "Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
		{"2025-12-31T23:59:59Z", "Jan  1 00:00:01", "2026-01-01T00:00:01Z"},
		{"2026-06-15T00:00:00Z", "Jun 15 00:00:00", "2026-06-15T00:00:00Z"},
		{"2026-06-15T00:00:00Z", "Jun 16 00:00:00", "2026-06-16T00:00:00Z"},
		{"2026-06-15T00:00:00Z", "Aug 16 00:00:00", "2025-08-16T00:00:00Z"},
		{"2024-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"},
	} {
		now, _ := time.Parse(time.RFC3339, tt.now)
		if got := decode(t, "<13>"+tt.message+" h a: x", now); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s at %s: got %s, want %s", tt.message, tt.now, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`<165>1 2003-10-11T22:14:15Z h evntslog - ID47 [ex@32473 iut="3" a="x\"y"][b c="d"] text`))
	f.Add([]byte(`<34>Oct 11 22:14:15 mymachine su[7]: 'su root' failed #012 x`))
	f.Add([]byte(`<13>2026-01-01T00:00:00Z h a: @cee: {"a":1}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		s := &logline.Sheet{Limits: logline.Limits{Attributes: 100, Value: 1000}}
		d := &syslog.Decoder{Location: time.UTC}
		if d.Decode(s, message, logtest.Now, nil) != (len(s.Records) == 1) {
			t.Error("what was told is not what was written")
		}
		if len(s.Records) == 1 && s.Records[0].Severity > 24 {
			t.Errorf("severity %d", s.Records[0].Severity)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for name, message := range map[string]string{
		"5424": `<30>1 2026-05-04T12:00:00.123456Z web-1 orders 4711 - [origin ip="10.0.0.1"] order 4711 of customer 42 with 7 items was placed after 320 ms`,
		"3164": `<30>May  4 12:00:00 web-1 orders[4711]: order 4711 of customer 42 with 7 items was placed after 320 ms`,
	} {
		b.Run(name, func(b *testing.B) {
			s := new(logline.Sheet)
			d := &syslog.Decoder{Location: time.UTC}
			m, from := []byte(message), []byte("10.0.0.9")
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if n++; n%1000 == 0 {
					s.Clear()
				}
				d.Decode(s, m, logtest.Now, from)
			}
		})
	}
}
