package detector_test

import "testing"

// An alarm far beyond the threshold costs nothing until people call it false: then it
// is charged once, and the threshold of the series rises by a step.
func TestFalseAlarm_FreeAlarm_IsChargedOnce(t *testing.T) {
	b := serviceBank(t, nil)
	lone(b, of("web", "m0"), 3000, 100, 2000)
	before := service(t, b, "web", 3000)
	if b.FalseAlarm("web", minute(500)) || b.FalseAlarm("nobody", minute(2000)) {
		t.Error("charged what was no alarm")
	}
	if !b.FalseAlarm("web", minute(2005)) || b.FalseAlarm("web", minute(2000)) {
		t.Error("want the alarm charged once, by any time in it")
	}
	s := service(t, b, "web", 3000)
	if s.Spent7 != 1 || s.Alarms7 != 1 || !(s.Offset > before.Offset+0.15) {
		t.Errorf("got %d charged of %d, offset %v (was %v); want 1 of 1 and a higher threshold", s.Spent7, s.Alarms7, s.Offset, before.Offset)
	}
}

// What was given back because somebody took the incident is charged again; what is
// charged already is not charged twice.
func TestFalseAlarm_GivenBackAndCharged(t *testing.T) {
	b := serviceBank(t, nil)
	lone(b, of("web", "m0"), 4000, 0.15, 2000, 3000)
	before := service(t, b, "web", 4000)
	if before.Spent7 != 2 {
		t.Fatalf("got %d charged, want 2", before.Spent7)
	}
	if b.FalseAlarm("web", minute(2000)) {
		t.Error("charged twice")
	}
	b.Refund("web", minute(2000))
	if !b.FalseAlarm("web", minute(2000)) {
		t.Error("an alarm that was given back is not charged again")
	}
	if s := service(t, b, "web", 4000); s.Spent7 != 2 || s.Offset < before.Offset-1e-3 || s.Offset > before.Offset+1e-3 {
		t.Errorf("got %d charged, offset %v; want 2 and %v as before", s.Spent7, s.Offset, before.Offset)
	}
}
