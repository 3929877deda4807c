package slack

import (
	"bytes"
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/render"
)

// uploadShare is the part of the time left for a message that its picture may take.
const uploadShare = 3

// upload gives the chart of a message to Slack and returns the id of the file, ""
// when there is none or Slack does not take it: a message is never held up by its
// picture.
func (c *Bot) upload(ctx context.Context, m notify.Message) string {
	if !c.files || !m.Chart.Drawable() {
		return ""
	}
	png, err := chart.PNG(m.Chart)
	if err != nil {
		return ""
	}
	if d, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(d)/uploadShare)
		defer cancel()
	}
	f, err := c.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Reader: bytes.NewReader(png), FileSize: len(png), Filename: "chart.png",
		Title: render.Cut(render.Line(m.Chart.Title), 100), AltTxt: render.Cut(render.Spark(m.Chart), maxAlt/2),
	})
	if err != nil || f == nil {
		return ""
	}
	return f.ID
}
