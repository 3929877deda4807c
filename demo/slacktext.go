package demo

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// slackText is Slack's text object; old callers send a bare string.
type slackText struct {
	Text string `json:"text"`
}

// UnmarshalJSON reads an object with text, or a string.
func (t *slackText) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &t.Text)
	}
	type object slackText
	return json.Unmarshal(b, (*object)(t))
}

// slackBlock is what the stub reads of a Block Kit block.
type slackBlock struct {
	Type     string         `json:"type"`
	Text     *slackText     `json:"text"`
	Fields   []slackText    `json:"fields"`
	Elements []slackElement `json:"elements"`
	AltText  string         `json:"alt_text"`
	URL      string         `json:"image_url"`
}

// slackElement is a part of a context, actions or rich text block.
type slackElement struct {
	Text     *slackText     `json:"text"`
	URL      string         `json:"url"`
	Elements []slackElement `json:"elements"`
}

// slackAttachment is the older form of a coloured message.
type slackAttachment struct {
	Title    string       `json:"title"`
	Text     string       `json:"text"`
	Fallback string       `json:"fallback"`
	Blocks   []slackBlock `json:"blocks"`
	Fields   []struct {
		Title string `json:"title"`
		Value string `json:"value"`
	} `json:"fields"`
	Footer string `json:"footer"`
}

// readable turns the parts of a message into text. Blocks stand for text when
// both are there, as Slack shows them; attachments follow.
func readable(text, blocks, attachments string) (string, error) {
	var lines []string
	var bs []slackBlock
	if blocks != "" {
		if err := json.Unmarshal([]byte(blocks), &bs); err != nil {
			return "", fmt.Errorf("read blocks: %w", err)
		}
	}
	if len(bs) == 0 && text != "" {
		lines = append(lines, text)
	}
	lines = append(lines, blockLines(bs)...)
	if attachments != "" {
		var as []slackAttachment
		if err := json.Unmarshal([]byte(attachments), &as); err != nil {
			return "", fmt.Errorf("read attachments: %w", err)
		}
		for _, a := range as {
			lines = append(lines, attachmentLines(a)...)
		}
	}
	return strings.TrimRight(plain(strings.Join(lines, "\n")), "\n"), nil
}

func blockLines(bs []slackBlock) []string {
	var lines []string
	for _, b := range bs {
		switch {
		case b.Type == "divider":
			lines = append(lines, "")
			continue
		case b.Type == "image":
			lines = append(lines, strings.TrimSpace(b.AltText+" "+b.URL))
			continue
		case b.Text != nil:
			lines = append(lines, b.Text.Text)
		}
		for _, f := range b.Fields {
			lines = append(lines, strings.ReplaceAll(f.Text, "\n", " "))
		}
		if parts := elementTexts(b.Elements); len(parts) > 0 {
			lines = append(lines, strings.Join(parts, "  "))
		}
	}
	return lines
}

func elementTexts(es []slackElement) []string {
	var parts []string
	for _, e := range es {
		switch {
		case e.Text != nil && e.URL != "":
			parts = append(parts, fmt.Sprintf("%s (%s)", e.Text.Text, e.URL))
		case e.Text != nil && e.Text.Text != "":
			parts = append(parts, e.Text.Text)
		}
		parts = append(parts, elementTexts(e.Elements)...)
	}
	return parts
}

func attachmentLines(a slackAttachment) []string {
	var lines []string
	add := func(s string) {
		if s != "" {
			lines = append(lines, s)
		}
	}
	add(a.Title)
	add(a.Text)
	lines = append(lines, blockLines(a.Blocks)...)
	for _, f := range a.Fields {
		add(strings.TrimSpace(f.Title + ": " + f.Value))
	}
	if len(lines) == 0 {
		add(a.Fallback)
	}
	add(a.Footer)
	return lines
}

var (
	slackLink = regexp.MustCompile(`<((?:https?|mailto):[^|>]+)\|([^>]+)>`)
	slackBare = regexp.MustCompile(`<((?:https?|mailto):[^>]+)>`)
	slackBold = regexp.MustCompile(`(^|[\s(])\*([^*\n]+)\*`)
	slackBack = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// plain takes Slack's markup out of a text.
func plain(s string) string {
	s = slackLink.ReplaceAllString(s, "$2 ($1)")
	s = slackBare.ReplaceAllString(s, "$1")
	s = slackBold.ReplaceAllString(s, "$1$2")
	return slackBack.Replace(s)
}
