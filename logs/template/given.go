package template

import "github.com/tocsinhq/tocsin/telemetry"

// mineGiven files a line under the template that its program gives.
func (s *stream) mineGiven(sev telemetry.Severity, given, body []byte, at int64, out *Match) {
	given = given[:min(len(given), maxBytes)]
	form := givenForm(given)
	t := s.forms[form]
	if t == nil && !s.admits(form) {
		s.miner.count.other.Add(1)
		t = s.others(sev, at)
	} else if t == nil {
		var before int64
		t, before = s.create(sighting{&scan{}, given, header{}}, mask{}, form, at)
		t.given, out.New, out.Last = true, before == 0, before
		s.miner.note(t.record())
	} else {
		out.Last = t.last
	}
	t.see(sev, at)
	out.ID = t.id
	out.scan.run(body, 0)
	out.scan.vars(&tokSet{}, &out.Vars)
}

// givenForm is the form of a template that a program gives.
func givenForm(text []byte) uint64 { return mix(hashOf(text) + 0x676976656e) }
