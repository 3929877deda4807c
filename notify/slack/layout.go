package slack

import (
	"strings"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// look is how a mood shows: an emoji by name for mrkdwn, as a sign for plain
// text, and the colour of the bar beside the attachment.
type look struct {
	emoji, sign, color string
}

var looks = map[render.Mood]look{
	render.MoodCritical:     {":red_circle:", "🔴", "#D7263D"},
	render.MoodWarning:      {":large_orange_circle:", "🟠", "#E8912D"},
	render.MoodInfo:         {":large_blue_circle:", "🔵", "#2D7DD2"},
	render.MoodAcknowledged: {":eyes:", "👀", "#6C5CE7"},
	render.MoodResolved:     {":large_green_circle:", "🟢", "#2EB67D"},
}

// content is a message in Slack's form.
type content struct {
	text       string // for notifications and for clients without blocks; escaped
	blocks     []slack.Block
	attachment slack.Attachment
}

// extras are what a card shows beside the message itself.
type extras struct {
	file     string // id of the uploaded chart
	url      string // address of the chart; used when there is no file
	buttons  bool   // acknowledge and false alarm
	silences bool   // a button that silences, too
}

// card is the message that shows how an incident, or a group of alerts, stands.
func card(m notify.Message) content { return cardWith(m, extras{}) }

func cardWith(m notify.Message, x extras) content {
	l := looks[render.MoodOfMessage(m)]
	header := slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, render.Cut(l.sign+" "+render.Title(m), maxHeader), true, false))
	var blocks []slack.Block
	say := func(s string) {
		if s != "" {
			blocks = append(blocks, section(s))
		}
	}
	say(facts(m))
	if b := picture(m, x); b != nil {
		blocks = append(blocks, b)
	}
	say(lines(affected(m), maxText))
	say(lines(suspects(m), maxText))
	say(lines(changes(m), maxText))
	say(links(m))
	if b := buttons(m, x); b != nil {
		blocks = append(blocks, b)
	}
	if s := foot(m); s != "" {
		blocks = append(blocks, slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, s, false, true)))
	}
	text := fallback(m)
	return content{
		text:   text,
		blocks: []slack.Block{header},
		attachment: slack.Attachment{
			Color: l.color, Fallback: text, Blocks: slack.Blocks{BlockSet: blocks[:min(len(blocks), maxBlocks-1)]},
		},
	}
}

// picture is the chart: as an uploaded file, from its address, or as a row of blocks.
func picture(m notify.Message, x extras) slack.Block {
	spark := render.Spark(m.Chart)
	alt := fit(spark, maxAlt)
	switch {
	case spark == "":
		return nil
	case x.file != "":
		return slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: x.file}, alt, "", nil)
	case x.url != "":
		return slack.NewImageBlock(x.url, alt, "", nil)
	}
	return section("`" + escape(strings.ReplaceAll(spark, "`", "'")) + "`")
}

// fallback is the message on one line: what happened, and the distance.
func fallback(m notify.Message) string {
	s := looks[render.MoodOfMessage(m)].emoji + " " + escape(render.Headline(m))
	if o, ok := render.Lead(m.Incident); ok && !m.Incident.State.Over() {
		if d := render.Distance(o); d != "" {
			s += " — " + escape(d)
		}
	}
	if ss := render.Suspects(m, 1); len(ss) > 0 && !m.Incident.State.Over() {
		s += " — suspect: " + escape(ss[0].Title) + " (" + escape(ss[0].Percent) + ")"
	}
	return fit(s, maxMessage)
}

// reply is the text of an event in the thread of its incident.
func reply(m notify.Message) string {
	if m.Group != nil {
		return lines(append([]string{looks[render.MoodOfMessage(m)].emoji + " *" + escape(render.Headline(m)) + "*"}, affected(m)[1:]...), maxText)
	}
	head := looks[render.MoodOf(m.Incident)].emoji + " *" + escape(render.Verb(m.Event.Kind)) + "*"
	switch m.Event.Kind {
	case incident.EventResolved:
		if d := render.Lasted(m.Incident); d > 0 {
			head += " after " + render.Duration(d)
		}
		if w, _ := render.Worst(m.Incident); w != "" {
			head += ", worst " + escape(w)
		}
	case incident.EventRaised:
		head += " to " + escape(render.Line(string(m.Incident.Severity)))
	case incident.EventAcked, incident.EventNote:
		if who := render.Line(m.Event.Actor); who != "" {
			head += " by " + escape(who)
		}
	}
	out := []string{head}
	for _, n := range render.Notices(m) {
		out = append(out, escape(n))
	}
	if t := render.Line(m.Event.Text); t != "" {
		out = append(out, escape(t))
	}
	if m.Event.Kind == incident.EventSuspects {
		out = append(out, suspects(m)...)
	}
	return lines(out, maxText)
}

func section(mrkdwn string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, mrkdwn, false, true), nil, nil)
}

// facts are the pairs of name and value at the head of the card.
func facts(m notify.Message) string {
	var out []string
	add := func(name, value string) {
		if value != "" {
			out = append(out, "*"+name+"*  "+escape(value))
		}
	}
	if m.Group != nil {
		for _, f := range render.CardOf(m).Fields {
			add(f.Name, f.Value)
		}
		if len(out) == 0 {
			out = append(out, escape(render.Title(m)))
		}
		return lines(out, maxText)
	}
	for _, n := range render.Notices(m) {
		add("Note", n)
	}
	i := m.Incident
	add("Service", render.Line(i.Service))
	add("Environment", render.Line(i.Environment))
	state := []string{}
	for _, s := range []string{string(i.Severity), string(i.State)} {
		if s != "" {
			state = append(state, render.Line(s))
		}
	}
	add("State", strings.Join(state, ", "))
	add("Since", render.Since(i))
	if o, ok := render.Lead(i); ok {
		name := render.Line(o.Name)
		if name == "" {
			name = "Value"
		}
		if v := render.Figure(float64(o.Value), o.Unit); v != "" {
			value := name + " is " + v
			if f := render.Factor(float64(o.Value), float64(o.Expected)); f != "" {
				value += ", " + f
			}
			add("Value", value)
		}
		add("Worst", render.WorstValue(o))
		add("Expected", render.Expected(o))
	}
	if len(out) == 0 {
		out = append(out, escape(render.Title(m)))
	}
	return lines(out, maxText)
}

func affected(m notify.Message) []string {
	ls, name := render.Affected(m.Incident, 5), "*What is odd*"
	if m.Group != nil {
		ls, name = render.GroupLines(m.Group, 11), "*Alerts*"
	}
	if len(ls) == 0 && m.Group == nil {
		return nil
	}
	out := []string{name}
	for _, l := range ls {
		out = append(out, "• "+escape(render.Cut(l, 500)))
	}
	return out
}

func suspects(m notify.Message) []string {
	var out []string
	for i, t := range render.Cause(m) {
		if i == 0 {
			t = "*Cause*  " + escape(t)
		} else {
			t = "      " + escape(t)
		}
		out = append(out, t)
	}
	ss := render.Suspects(m, 3)
	if len(ss) == 0 {
		return out
	}
	out = append(out, "*Suspects*")
	for _, s := range ss {
		title := escape(render.Cut(s.Title, 200))
		if s.Link != "" {
			title = link(s.Link, render.Cut(s.Title, 200))
		}
		l := "*" + escape(s.Percent) + "*  " + title
		if s.When != "" {
			l += " — " + escape(render.Cut(s.When, 200))
		}
		out = append(out, l)
		for _, t := range s.Terms {
			out = append(out, "      "+escape(render.Cut(t, 300)))
		}
	}
	return out
}

func changes(m notify.Message) []string {
	ls := render.Changes(m, 5)
	if len(ls) == 0 {
		return nil
	}
	out := []string{"*Recent changes*"}
	for _, l := range ls {
		out = append(out, "• "+escape(render.Cut(l, 300)))
	}
	return out
}

func links(m notify.Message) string {
	var out []string
	for _, l := range render.Links(m) {
		out = append(out, link(l.URL, render.Cut(l.Name, 100)))
	}
	return lines(out, maxText)
}

func foot(m notify.Message) string {
	var out []string
	if id := render.Line(m.Incident.ID); id != "" {
		out = append(out, "incident "+escape(id))
	}
	if t := render.Time(m.Event.At); t != "" {
		out = append(out, "as of "+t)
	}
	if m.Group != nil {
		out = append(out, "receiver "+escape(render.Cut(render.Line(m.Group.Receiver), 200)))
	}
	if told := render.Told(m); told != "" {
		out = append(out, escape(render.Cut(told, 500)))
	}
	return fit(strings.Join(out, "  ·  "), maxText)
}

// broadcast reports whether a reply is shown in the channel too: things got
// worse again, and people who left the thread must see it.
func broadcast(m notify.Message) bool {
	return m.Group == nil && (m.Event.Kind == incident.EventRaised || m.Event.Kind == incident.EventReopened)
}
