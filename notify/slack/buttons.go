package slack

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/notify"
)

// Ids of the buttons.
const (
	actionAck     = "tocsin_acknowledge"
	actionSilence = "tocsin_silence"
	actionFalse   = "tocsin_false_alarm"
	actionRight   = "tocsin_right_cause"
	actionWrong   = "tocsin_wrong_cause"
)

// noCause stands for the suspect that says that no recent change fits.
const noCause = "none"

// silenceFor is how long the silence button silences.
const silenceFor = time.Hour

// maxValue is how long the value of a button may be.
const maxValue = 2000

// buttons are what people can do about an incident that is not over. A false alarm
// must be confirmed, since it ends the incident.
func buttons(m notify.Message, x extras) slack.Block {
	id := m.Incident.ID
	if !x.buttons || m.Group != nil || id == "" || len(id) > maxValue || m.Incident.State.Over() {
		return nil
	}
	text := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	var out []slack.BlockElement
	if !m.Incident.State.InHand() {
		out = append(out, slack.NewButtonBlockElement(actionAck, id, text("Acknowledge")).WithStyle(slack.StylePrimary))
	}
	if x.silences {
		out = append(out, slack.NewButtonBlockElement(actionSilence, id, text("Silence 1h")))
	}
	wrong := slack.NewButtonBlockElement(actionFalse, id, text("False alarm")).WithStyle(slack.StyleDanger)
	wrong.WithConfirm(slack.NewConfirmationBlockObject(text("False alarm?"), text("The incident ends as a false positive."), text("False alarm"), text("Cancel")))
	out = append(out, wrong)
	if cause := firstCause(m); cause != "" && len(id)+1+len(cause) <= maxValue {
		out = append(out, slack.NewButtonBlockElement(actionRight, id+" "+cause, text("Right cause")),
			slack.NewButtonBlockElement(actionWrong, id+" "+cause, text("Wrong cause")))
	}
	return slack.NewActionBlock("", out...)
}

// firstCause names the suspect that the message names first, "" when there is none.
func firstCause(m notify.Message) string {
	if len(m.Ranking.Findings) == 0 {
		return ""
	}
	if c := m.Ranking.Findings[0].Change; c != nil {
		return c.ID
	}
	return noCause
}
