package feedback_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca/feedback"
)

func good() feedback.Expectation {
	return feedback.Expectation{Service: "pay", Reason: "load test", Actor: "ops", Created: noon, Expires: noon.Add(time.Hour)}
}

func TestExpectation_Check_NamesWhatIsWrong(t *testing.T) {
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*feedback.Expectation){
		"reason: want why":           func(e *feedback.Expectation) { e.Reason = " " },
		"actor: want who":            func(e *feedback.Expectation) { e.Actor = "" },
		"want at least one of them":  func(e *feedback.Expectation) { e.Service = "" },
		"expires: want when it ends": func(e *feedback.Expectation) { e.Expires = time.Time{} },
		"want a time after":          func(e *feedback.Expectation) { e.Expires = noon },
		"at most 366 days":           func(e *feedback.Expectation) { e.Expires = noon.AddDate(2, 0, 0) },
		"service: want a name":       func(e *feedback.Expectation) { e.Service = "[a" },
		"hours.days: want mon":       func(e *feedback.Expectation) { e.Hours = &feedback.Hours{Days: []string{"Monday"}} },
		"hours.from: want a time":    func(e *feedback.Expectation) { e.Hours = &feedback.Hours{From: "9", To: "10:00"} },
		"hours.to: want another":     func(e *feedback.Expectation) { e.Hours = &feedback.Hours{From: "09:00", To: "09:00"} },
		"hours.zone: want the name":  func(e *feedback.Expectation) { e.Hours = &feedback.Hours{Zone: "Mars/Olympus"} },
	} {
		e := good()
		spoil(&e)
		if err := e.Check(); !errors.Is(err, feedback.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestExpectation_Matches_ScopeAndTime(t *testing.T) {
	o := incident.Occurrence{Service: "pay", Environment: "prod", Name: "HighErrors", Signal: "error_rate"}
	f := func(want bool, at time.Time, change func(*feedback.Expectation)) {
		t.Helper()
		e := good()
		change(&e)
		if got := e.Matches(o, at); got != want {
			t.Errorf("%+v at %s: got %v, want %v", e, at, got, want)
		}
	}
	f(true, noon, func(*feedback.Expectation) {})
	f(false, noon.Add(-time.Second), func(*feedback.Expectation) {})
	f(false, noon.Add(time.Hour), func(*feedback.Expectation) {})
	f(false, noon.Add(time.Minute), func(e *feedback.Expectation) { e.Ended = noon.Add(30 * time.Second) })
	f(true, noon, func(e *feedback.Expectation) { e.Service = "p*" })
	f(false, noon, func(e *feedback.Expectation) { e.Service = "pa" })
	f(false, noon, func(e *feedback.Expectation) { e.Environment = "staging" })
	f(true, noon, func(e *feedback.Expectation) { e.Environment = "prod" })
	f(true, noon, func(e *feedback.Expectation) { e.Service, e.Signal = "", "error_rate" })
	f(true, noon, func(e *feedback.Expectation) { e.Signal = "HighErrors" })
	f(false, noon, func(e *feedback.Expectation) { e.Signal = "p95_latency" })

	// noon is a Monday, 13:00 in Berlin.
	berlin := &feedback.Hours{From: "12:30", To: "13:30", Zone: "Europe/Berlin", Days: []string{"mon"}}
	f(true, noon, func(e *feedback.Expectation) { e.Hours = berlin })
	f(false, noon.Add(31*time.Minute), func(e *feedback.Expectation) { e.Hours = berlin })
	night := &feedback.Hours{From: "22:00", To: "04:00", Days: []string{"mon"}}
	long := func(e *feedback.Expectation) { e.Expires, e.Hours = noon.AddDate(0, 0, 30), night }
	f(false, noon, long)
	f(true, noon.Add(10*time.Hour), long)                // 22:00 on Monday
	f(true, noon.Add(15*time.Hour+59*time.Minute), long) // 03:59 on Tuesday is Monday's night
	f(false, noon.Add(16*time.Hour), long)
	f(false, noon.Add(34*time.Hour), long) // Tuesday's night
}
