package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/channels"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/client"
)

type notifyPreview struct {
	URL        string `name:"url" env:"TOCSIN_URL" default:"http://127.0.0.1:9099" help:"Address of the running daemon, for --incident."`
	ConfigFile string `name:"config.file" env:"TOCSIN_CONFIG_FILE" placeholder:"FILE" help:"Configuration whose channels are shown. Without it there is an example of every sort."`
	Channel    string `help:"Only this channel, or all of this sort: slack, email, pagerduty and so on."`
	Event      string `enum:"opened,raised,reopened,resolved,acknowledged,suspects,note,latest" default:"latest" help:"What the message is about; latest is the last event of the incident, opened for the sample."`
	Incident   string `default:"sample" help:"Id of an incident of the running daemon, or sample."`
	Group      string `enum:",first,changed,repeat,resolved" default:"" help:"Show a group of alerts in place of an incident, told for this reason."`
	Out        string `placeholder:"DIR" help:"Write the parts to files in a folder for each channel, pictures and HTML among them, in place of printing them."`
}

// Run shows the message on each chosen channel.
func (c *notifyPreview) Run(ctx context.Context, s streams) error {
	_, all, err := channelsOf(c.ConfigFile)
	if err != nil {
		return refused(s, err)
	}
	picked, err := chosen(all, c.Channel)
	if err != nil {
		return err
	}
	m, err := c.message(ctx)
	if err != nil {
		return err
	}
	built, err := channels.Build(notify.Config{Channels: picked}, channels.Deps{Console: io.Discard, Silences: true})
	if err != nil {
		return err
	}
	for _, ch := range built {
		p, ok := ch.(notify.Previewer)
		if !ok {
			return fmt.Errorf("channel %s cannot be shown", ch.Name())
		}
		parts, err := p.Preview(m)
		if err != nil {
			return fmt.Errorf("channel %s: %w", ch.Name(), err)
		}
		if c.Out != "" {
			err = c.write(s.out, ch.Name(), parts)
		} else {
			err = show(s.out, ch.Name(), parts)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write puts parts into files and names them.
func (c *notifyPreview) write(w io.Writer, channel string, parts []notify.Part) error {
	dir := filepath.Join(c.Out, channel)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a folder for the preview: %w", err)
	}
	for _, p := range parts {
		file := filepath.Join(dir, p.Name)
		if err := os.WriteFile(file, p.Body, 0o644); err != nil {
			return fmt.Errorf("write the preview: %w", err)
		}
		if _, err := fmt.Fprintln(w, file); err != nil {
			return err
		}
	}
	return nil
}

// show prints parts that are text, and names the others.
func show(w io.Writer, channel string, parts []notify.Part) error {
	for _, p := range parts {
		if strings.HasPrefix(p.Type, "image/") || p.Type == "message/rfc822" {
			if _, err := fmt.Fprintf(w, "== %s: %s (%s, %d bytes; --out writes it)\n\n", channel, p.Name, p.Type, len(p.Body)); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "== %s: %s\n%s\n", channel, p.Name, printableLines(string(p.Body))); err != nil {
			return err
		}
	}
	return nil
}

// message makes the message to show.
func (c *notifyPreview) message(ctx context.Context) (notify.Message, error) {
	now := time.Now().UTC().Truncate(time.Second)
	o := sample.Options{Onset: now.Add(-4 * time.Minute), BaseURL: strings.TrimRight(c.URL, "/"), Told: []string{"slack", "pagerduty"}}
	switch {
	case c.Group != "":
		return sample.Group(c.Group, o), nil
	case c.Incident == "sample" && c.Event == "latest":
		return sample.Message(incident.EventOpened, o), nil
	case c.Incident == "sample":
		if c.Event == string(incident.EventResolved) {
			o.Onset = now.Add(-22 * time.Minute)
		}
		return sample.Message(incident.EventKind(c.Event), o), nil
	}
	return c.ofDaemon(ctx)
}

// ofDaemon makes the message about an incident of the running daemon, as far as its
// API tells.
func (c *notifyPreview) ofDaemon(ctx context.Context) (notify.Message, error) {
	cl, err := client.New(c.URL)
	if err != nil {
		return notify.Message{}, err
	}
	d, err := cl.Incident(ctx, c.Incident)
	if err != nil {
		return notify.Message{}, err
	}
	m := notify.Message{Incident: d.Incident, Links: []notify.Link{{Name: "Incident", URL: strings.TrimRight(c.URL, "/") + "/incidents/" + d.Incident.ID}}}
	if d.Ranking != nil {
		m.Ranking = *d.Ranking
	}
	for _, e := range d.Events {
		if c.Event == string(e.Kind) || c.Event == "latest" && e.Kind != incident.EventNotified {
			m.Event = e
		}
	}
	if m.Event.Kind == "" {
		return m, fmt.Errorf("incident %s has no event %q", c.Incident, c.Event)
	}
	m.Key = notify.Key(m.Event)
	for _, x := range d.Deliveries {
		if len(m.Told) == 0 || m.Told[len(m.Told)-1] != x.Channel {
			m.Told = append(m.Told, x.Channel)
		}
	}
	m.Chart, err = remoteChart(ctx, cl, m)
	return m, err
}

// remoteChart asks the daemon for the band of the occurrence that tells most; none
// when it has no series of its own.
func remoteChart(ctx context.Context, cl *client.Client, m notify.Message) (*notify.Chart, error) {
	o, ok := render.Lead(m.Incident)
	if !ok || o.Query == "" {
		return nil, nil
	}
	out := &notify.Chart{Title: o.Name + " of " + m.Incident.Service, Unit: o.Unit, Threshold: o.Threshold, Below: o.Below, To: m.Event.At}
	length := chart.Span(m.Event.At.Sub(m.Incident.Onset))
	out.From = out.To.Add(-length)
	b, err := cl.Band(ctx, client.BandQuery{Query: o.Query, Start: out.From, End: out.To, Step: length / 240})
	if err != nil {
		return nil, fmt.Errorf("the chart of %s: %w", o.Query, err)
	}
	for _, p := range b.Points[:min(len(b.Points), notify.MaxChartPoints)] {
		out.Times = append(out.Times, p.T)
		out.Values, out.Expected = append(out.Values, telemetry.Number(p.Value)), append(out.Expected, telemetry.Number(p.Expected))
		out.Lower, out.Upper = append(out.Lower, telemetry.Number(p.Lower)), append(out.Upper, telemetry.Number(p.Upper))
	}
	out.Marks = append(out.Marks, notify.ChartMark{At: m.Incident.Onset, Kind: notify.MarkOnset, Text: "onset"})
	for _, f := range m.Ranking.Findings[:min(len(m.Ranking.Findings), 8)] {
		if f.Change != nil && f.Change.Started.After(out.From) && f.Change.Started.Before(out.To) {
			out.Marks = append(out.Marks, notify.ChartMark{At: f.Change.Started, Kind: notify.MarkChange, Text: f.Change.Title()})
		}
	}
	return out, nil
}
