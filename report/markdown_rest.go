package report

import "fmt"

func (m *page) tried() {
	m.section("What was tried")
	if len(m.p.Tried) == 0 {
		m.line("No change to the services concerned is on record while it went on.\n")
	} else {
		t := newTable(&m.Builder, "At", "What", "Change", "Helped", "Why")
		for _, x := range m.p.Tried {
			t.row(stamp(x.At), plain(x.What), link(x.Title, x.Link), x.Helped, plain(x.Why))
		}
		m.line("")
	}
	m.blank("what was done that no change event told of?")
}

func (m *page) changes() {
	m.section("Changes around it")
	if len(m.p.Changes) == 0 {
		m.line("None are on record.")
		return
	}
	t := newTable(&m.Builder, "Began", "Change", "Status", "Verdict", "Reason")
	for _, c := range m.p.Changes {
		t.row(stamp(c.Started), link(c.Title, c.Link), plain(c.Status), plain(c.Verdict), plain(c.Reason))
	}
}

func (m *page) gaps() {
	m.section("Gaps in telemetry")
	if len(m.p.Gaps) == 0 {
		m.line("None: nothing lost its data, and detection ran all the time.")
		return
	}
	t := newTable(&m.Builder, "From", "To", "What")
	for _, g := range m.p.Gaps {
		t.row(stamp(g.From), stamp(g.To), plain(g.What))
	}
}

func (m *page) told() {
	m.section("Who was told")
	if len(m.p.Told) == 0 {
		m.line("Nobody: no message is on record.")
		return
	}
	t := newTable(&m.Builder, "Channel", "First message", "Sent", "Failed", "Waiting", "Last error")
	for _, c := range m.p.Told {
		t.row(plain(c.Channel), stamp(c.First), fmt.Sprint(c.Sent), fmt.Sprint(c.Failed), fmt.Sprint(c.Waiting), plain(c.Error))
	}
}

func (m *page) similar() {
	if len(m.p.Similar) == 0 {
		return
	}
	m.section("Similar incidents")
	t := newTable(&m.Builder, "Began", "Incident", "Likeness", "What fixed it")
	for _, s := range m.p.Similar {
		t.row(stamp(s.Onset), link(s.Title, s.Link), percent(s.Score), plain(s.Fixed))
	}
}

// namesShown is how many of the rows that are folded are named.
const namesShown = 3

func (m *page) timeline() {
	m.section("Timeline")
	t := newTable(&m.Builder, "At", "What", "Text", "Evidence")
	for _, r := range m.p.Timeline {
		what := plain(r.Kind)
		if r.By != "" {
			what += " by " + plain(r.By)
		}
		t.row(stamp(r.At), what, plain(r.Text), evidenceOf(r))
		if n := len(r.Folded); n > 0 {
			last := r.Folded[n-1]
			text := fmt.Sprintf("%d more like this", n)
			for i, f := range r.Folded[:min(n, namesShown)] {
				text += map[bool]string{true: ": ", false: "; "}[i == 0] + plain(cut(f.Text, 60))
			}
			if n > namesShown {
				text += "; ..."
			}
			t.row("to "+stamp(last.At), plain(r.Kind), text, evidenceOf(last))
		}
	}
}

func evidenceOf(r Row) string {
	if r.Link == "" {
		return unknown
	}
	return link("evidence", r.Link)
}

// cut shortens text to at most n runes.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return s
}

func (m *page) lessons() {
	m.section("Lessons")
	for _, s := range []string{"what went well?", "what went wrong?", "where were we lucky?"} {
		m.blank(s)
		m.line("")
	}
	m.section("Actions")
	if len(m.p.Measures) > 0 {
		m.line("Proposed, to be judged:\n")
		for _, f := range m.p.Measures {
			m.line("- %s%s", plain(f.Text), basis(f.Basis))
		}
		m.line("")
	}
	t := newTable(&m.Builder, "Action", "Prevents, detects or mitigates", "Owner", "Due")
	t.row(blank, blank, blank, blank)
}
