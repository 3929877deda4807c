package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/notify"
)

// retryable are answers of Slack's Web API that say that it, and not the
// request, is at fault. Every other one is final: a wrong token or a channel
// that is not there does not mend itself.
var retryable = []string{
	"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
	"team_added_to_org", "accesslimited", "migration_in_progress",
}

// gone are answers that say that the message to edit or to reply to is not
// there any more.
var gone = []string{"message_not_found", "thread_not_found", "cannot_reply_to_message"}

// uneditable are answers that say that the message is there and may not be edited.
var uneditable = []string{"cant_update_message", "edit_window_closed", "is_inactive"}

// unfit are answers that refuse the layout and not the message.
var unfit = []string{"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "too_many_attachments", "msg_blocks_too_long", "msg_too_long", "invalid_slack_file", "file_not_found"}

// code returns the error code of an answer of the Web API, or "".
func code(err error) string {
	var e slack.SlackErrorResponse
	if errors.As(err, &e) {
		return e.Err
	}
	return ""
}

func is(err error, codes []string) bool {
	c := code(err)
	return c != "" && slices.Contains(codes, c)
}

// classify makes errors of slack-go into errors of a Channel: what a later try
// can mend becomes a *notify.RetryError. Answers by HTTP status were classified
// by package outbound before slack-go saw them.
func classify(method string, err error) error {
	var (
		limited *slack.RateLimitedError
		retry   *notify.RetryError
		api     slack.SlackErrorResponse
		syntax  *json.SyntaxError
		typed   *json.UnmarshalTypeError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &retry):
		return fmt.Errorf("%s: %w", method, err)
	case errors.As(err, &limited):
		return &notify.RetryError{After: limited.RetryAfter, Err: fmt.Errorf("%s: %w", method, err)}
	case errors.As(err, &api):
		err = fmt.Errorf("%s: slack answers %q%s", method, api.Err, hint(api))
		if slices.Contains(retryable, api.Err) {
			return &notify.RetryError{Err: err}
		}
		return err
	case errors.As(err, &syntax), errors.As(err, &typed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &notify.RetryError{Err: fmt.Errorf("%s: the answer is not Slack's JSON: %w", method, err)}
	}
	return fmt.Errorf("%s: %w", method, err)
}

// hint says what the operator can do about an answer.
func hint(e slack.SlackErrorResponse) string {
	switch e.Err {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		return "; check the bot token"
	case "channel_not_found":
		return "; check the channel's name or id, and invite the bot if it is private"
	case "not_in_channel":
		return "; invite the bot to the channel"
	case "is_archived":
		return "; the channel is archived, choose another"
	case "missing_scope":
		if e.Needed != "" {
			return "; the token needs the scope " + e.Needed
		}
	}
	return ""
}
