package detector

import "testing"

func TestLonger_SilencesAndRests_AreCountedApart(t *testing.T) {
	var l longer
	for range 12 {
		l = l.silence(10)
	}
	l = l.rest(10).rest(10).rest(10)
	if l.silences() != 10 || l.rests() != 3 {
		t.Fatalf("got %d silences and %d rests, want 10 and 3", l.silences(), l.rests())
	}
	l = l.noSilence()
	if l.silences() != 9 || l.rests() != 3 {
		t.Errorf("one was none: got %d and %d, want 9 and 3", l.silences(), l.rests())
	}
	if l = l.fade(4); l.silences() != 5 || l.rests() != 0 {
		t.Errorf("four weeks on: got %d and %d, want 5 and 0", l.silences(), l.rests())
	}
	if l = l.fade(60000); l != 0 {
		t.Errorf("got %d for ever", l)
	}
	for range 30 {
		l = l.noSilence().rest(15)
	}
	if l.silences() != 0 || l.rests() != 15 {
		t.Errorf("got %d and %d, want 0 and 15", l.silences(), l.rests())
	}
}
