package hook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Request is one request of a provider. Its body is good until the decoder returns.
type Request struct {
	Header http.Header
	Body   []byte
}

// Item is one change of a request.
type Item struct {
	Change telemetry.Change
	// Follows says that the item only counts if a change of its id is known: the
	// end of what never began changed nothing.
	Follows bool
	At      int // its place in the request, from 0
}

// Ignored is a part of a request of which no change was made, and why.
type Ignored struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitempty"` // for people; at most a sentence
}

// Reason is one word for the counter of what was ignored.
type Reason string

// The reasons for which parts of requests are ignored.
const (
	Ping        Reason = "ping"         // the provider only tries the address
	Event       Reason = "event"        // a kind of event that tells of no change
	State       Reason = "state"        // a step of a change that says nothing new
	Branch      Reason = "branch"       // of a branch that is not configured
	Environment Reason = "environment"  // of an environment that is not configured
	Workflow    Reason = "workflow"     // of a workflow or pipeline that is not configured
	NoChange    Reason = "no_change"    // it says itself that nothing was altered
	NoMatch     Reason = "no_match"     // the condition of the webhook does not hold
	NeverBegan  Reason = "never_began"  // the end of something of which no start is known
	Repeated    Reason = "repeated"     // the delivery was taken before
	TooMany     Reason = "too_many"     // beyond MaxItems of one request
	NotRecorded Reason = "not_recorded" // a kind of record that the settings leave out
)

// MaxItems is how many changes one request may tell of; the rest is ignored.
const MaxItems = 1000

// Outcome is what a decoder made of a request.
type Outcome struct {
	Items   []Item
	Ignored []Ignored
	// Failed are parts that should have been changes and cannot be read.
	Failed []Failed
	// Delivery names the sending, the same when it is repeated; empty: unknown.
	Delivery string
}

// Failed is a part of a request that should have been a change.
type Failed struct {
	Item int // from 0
	Msg  string
}

// Add appends a change, or counts it as ignored beyond MaxItems.
func (o *Outcome) Add(c telemetry.Change) { o.add(Item{Change: c}) }

// Follow appends a change that only counts if one of its id is known.
func (o *Outcome) Follow(c telemetry.Change) { o.add(Item{Change: c, Follows: true}) }

func (o *Outcome) add(i Item) {
	if len(o.Items) >= MaxItems {
		o.Ignore(TooMany, "the request tells of more than %d changes", MaxItems)
		return
	}
	i.At = len(o.Items)
	o.Items = append(o.Items, i)
}

// Only moves the changes of other environments than those that fit one of the
// patterns to what is ignored. Without patterns it does nothing.
func (o *Outcome) Only(environments []string) {
	if len(environments) == 0 {
		return
	}
	kept := o.Items[:0]
	for _, i := range o.Items {
		if Matches(environments, i.Change.Environment) {
			kept = append(kept, i)
		} else {
			o.Ignore(Environment, "environment %s is none of only_environments", First(i.Change.Environment, "(none)"))
		}
	}
	o.Items = kept
}

// Ignore notes a part that was left out. At most MaxItems are noted.
func (o *Outcome) Ignore(r Reason, format string, args ...any) {
	if len(o.Ignored) < MaxItems {
		o.Ignored = append(o.Ignored, Ignored{r, Clip(fmt.Sprintf(format, args...), 200)})
	}
}

// MalformedError is a body that is not what the provider sends.
type MalformedError struct{ Msg string }

// Error tells what was wanted and what came.
func (e *MalformedError) Error() string { return e.Msg }

// Malformed returns a MalformedError whose text is formatted as by fmt.Sprintf.
func Malformed(format string, args ...any) error {
	return &MalformedError{fmt.Sprintf(format, args...)}
}

// Decode reads a body that is one JSON value into v. The error is a
// *MalformedError that names the field and the place.
func Decode(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(v); err != nil {
		return describe(err, body)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Malformed("want one JSON value, got more text after its end at byte %d", dec.InputOffset())
	}
	return nil
}

func describe(err error, body []byte) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return Malformed("%s: want %s, got %s at byte %d", orBody(wrong.Field), kind(wrong.Type.Kind().String()), wrong.Value, wrong.Offset)
	case errors.As(err, &syntax):
		return Malformed("want JSON, got %s at byte %d", Clip(syntax.Error(), 120), syntax.Offset)
	case len(body) == 0:
		return Malformed("want a JSON body, got an empty one; set the content type of the webhook to application/json")
	}
	return Malformed("want JSON, got text that ends too early at byte %d", len(body))
}

func orBody(field string) string {
	if field == "" {
		return "the body"
	}
	return field
}

func kind(goKind string) string {
	switch goKind {
	case "struct", "map":
		return "an object"
	case "slice":
		return "a list"
	case "string":
		return "text"
	case "bool":
		return "true or false"
	}
	return "a number"
}
