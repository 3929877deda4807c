package feedback_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca/feedback"
)

// FuzzExpectation takes any words for an expectation. What is accepted can be asked
// about any time without a panic, and never holds outside its life.
func FuzzExpectation(f *testing.F) {
	f.Add("pay", "error_rate", "22:00", "04:00", "Europe/Berlin", "mon", int64(3600))
	f.Add("p*", "", "", "", "", "", int64(1))
	f.Add("[", "x?", "24:00", "00:00", "UTC", "sunday", int64(-5))
	f.Add("", "*", "9:7", "25:99", "../x", "", int64(1<<40))
	f.Fuzz(func(t *testing.T, service, signal, from, to, zone, day string, seconds int64) {
		e := feedback.Expectation{Service: service, Signal: signal, Reason: "r", Actor: "a", Created: noon, Expires: noon.Add(time.Duration(seconds) * time.Second),
			Hours: &feedback.Hours{From: from, To: to, Zone: zone}}
		if day != "" {
			e.Hours.Days = []string{day}
		}
		if err := e.Check(); err != nil {
			if !errors.Is(err, feedback.ErrInvalid) {
				t.Fatalf("%v is no ErrInvalid", err)
			}
			return
		}
		o := incident.Occurrence{Service: service, Name: signal}
		for _, at := range []time.Time{noon.Add(-time.Nanosecond), e.Expires, e.Expires.AddDate(1, 0, 0)} {
			if e.Matches(o, at) {
				t.Errorf("%+v holds at %s", e, at)
			}
		}
		for h := range 48 {
			e.Matches(o, noon.Add(time.Duration(h)*30*time.Minute))
		}
	})
}
