package elastic

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// maxActions bounds the actions of one request, each of which gets an answer.
const maxActions = 250_000

// verb is what an action asks for.
type verb uint8

const (
	verbIndex verb = iota
	verbCreate
	verbUpdate
	verbDelete
)

var verbNames = [...]string{"index", "create", "update", "delete"}

// item is what became of one action.
type item struct {
	verb   verb
	status uint16
	index  []byte // aliases the body
	id     []byte
	kind   string // of the error
	reason string
}

// decoder reads a bulk request. items grow with its actions, in order.
type decoder struct {
	sheet  *logline.Sheet
	index  string // of the path; for actions that name none
	fields logline.Fields
	items  []item
	lines  int
	label  []byte // the index of the document at hand
}

var indexLabel = []byte("index")

var errTooMany = fmt.Errorf("more than %d actions in one request", maxActions)

// Decode reads the lines of a bulk request onto a sheet. An error is one that makes the
// rest unreadable, as Elasticsearch has it: an action that is none. What stood before
// it is kept.
func (d *decoder) Decode(body []byte) error {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	for len(body) > 0 {
		var line []byte
		line, body = d.line(body)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(d.items) >= maxActions {
			return errTooMany
		}
		it, err := d.action(line)
		if err != nil {
			return err
		}
		if it.verb == verbDelete {
			d.refuse(it, 400, "illegal_argument_exception", "[delete]: logs are only added; want index or create")
			continue
		}
		if len(body) == 0 {
			return fmt.Errorf("the action of line [%d] has no document behind it", d.lines)
		}
		var document []byte
		document, body = d.line(body)
		if d.sheet.Stopped() {
			it.status, it.kind, it.reason = 503, "unavailable", "nothing could be stored now; send it again"
			d.items = append(d.items, it)
			continue
		}
		d.document(it, document)
	}
	return nil
}

// line cuts the next line off.
func (d *decoder) line(b []byte) (line, rest []byte) {
	d.lines++
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		line, rest = b[:n:n], b[n+1:]
	} else {
		line = b
	}
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// action reads {"create":{"_index":"logs"}}; what else stands in it is skipped.
func (d *decoder) action(line []byte) (item, error) {
	malformed := func(what string) (item, error) {
		return item{}, fmt.Errorf("Malformed action/metadata line [%d], %s in %.60q", d.lines, what, line) //nolint:staticcheck // the sentence of Elasticsearch, which clients look for
	}
	it := item{status: 201, index: []byte(d.index)}
	var c jsonscan.Cursor
	c.Reset(line, nil)
	if !c.Object() {
		return malformed(c.Err().Error())
	}
	found := false
	for {
		name, ok := c.Key()
		if !ok {
			break
		}
		v, known := verbOf(name)
		if !known || found {
			c.Raw() // such as "attempts":0 of winston-elasticsearch
			continue
		}
		found, it.verb = true, v
		if c.Kind() != jsonscan.Object {
			return malformed("expected an object of metadata")
		}
		c.Object()
		for {
			name, ok := c.Key()
			if !ok {
				break
			}
			switch string(name) {
			case "_index":
				if text := c.Text(); len(text) > 0 {
					it.index = text
				}
			case "_id":
				it.id = c.Text()
			default:
				c.Raw()
			}
		}
	}
	switch {
	case c.Err() != nil:
		return malformed(c.Err().Error())
	case !found:
		return malformed("expected one of [create, delete, index, update]")
	}
	return it, nil
}

func verbOf(name []byte) (verb, bool) {
	switch string(name) {
	case "index":
		return verbIndex, true
	case "create":
		return verbCreate, true
	case "update":
		return verbUpdate, true
	case "delete":
		return verbDelete, true
	}
	return 0, false
}

// refuse notes an action that is not kept.
func (d *decoder) refuse(it item, status uint16, kind, reason string) {
	it.status, it.kind, it.reason = status, kind, reason
	d.items = append(d.items, it)
	d.sheet.Refuse(telemetry.ReasonBadRecord, reason)
}

// document writes one document on the sheet.
func (d *decoder) document(it item, text []byte) {
	if it.verb == verbUpdate {
		d.refuse(it, 400, "illegal_argument_exception", "[update]: logs are only added; want index or create")
		return
	}
	if err := checkIndex(it.index); err != nil {
		d.refuse(it, 400, "invalid_index_name_exception", err.Error())
		return
	}
	d.label = it.index
	if it.status, it.kind, it.reason = d.write(text); it.status != 201 {
		d.items = append(d.items, it)
		reason := telemetry.ReasonBadRecord
		if it.kind == tooManyFields {
			reason = telemetry.ReasonTooManyFields
		}
		d.sheet.Refuse(reason, it.reason)
		return
	}
	d.items = append(d.items, it)
	d.sheet.End()
}

const (
	parsingFailed = "document_parsing_exception"
	tooManyFields = "illegal_argument_exception"
)

// write begins a record and fills it. Unless it answers 201 the record must be undone.
func (d *decoder) write(text []byte) (status uint16, kind, reason string) {
	var c jsonscan.Cursor
	c.Reset(text, d.sheet.Grabber())
	ok := d.fields.Document(d.sheet, &c, func(r *telemetry.LogRecord) {
		if len(d.label) > 0 {
			r.Stream = append(r.Stream, telemetry.Pair{Name: indexLabel, Value: d.label})
		}
	})
	switch {
	case !ok:
		return 400, parsingFailed, fmt.Sprintf("failed to parse: %s in %.60q", c.Err(), text)
	case c.More():
		return 400, parsingFailed, fmt.Sprintf("failed to parse: byte %d: want the end of the document in %.60q", c.Offset(), text)
	case d.fields.Garbled() != nil:
		return 400, parsingFailed, fmt.Sprintf("failed to parse field [@timestamp] of type [date]: %.60q", d.fields.Garbled())
	case d.fields.Dropped() > 0:
		return 400, tooManyFields, fmt.Sprintf("Limit of total fields [%d] has been exceeded", d.sheet.Limits.Attributes)
	}
	return 201, "", ""
}

// checkIndex refuses names that Elasticsearch refuses.
func checkIndex(name []byte) error {
	switch {
	case len(name) == 0:
		return errors.New("index is missing: name it in the action or in the path")
	case len(name) > 255:
		return fmt.Errorf("Invalid index name [%.40s...], must be at most 255 bytes long", name) //nolint:staticcheck // the sentence of Elasticsearch
	case string(name) == "." || string(name) == "..":
		return fmt.Errorf("Invalid index name [%s], must not be '.' or '..'", name) //nolint:staticcheck // as above
	case name[0] == '_' || name[0] == '-' || name[0] == '+':
		return fmt.Errorf("Invalid index name [%s], must not start with '_', '-', or '+'", name) //nolint:staticcheck // as above
	}
	for _, b := range name {
		switch {
		case b >= 'A' && b <= 'Z':
			return fmt.Errorf("Invalid index name [%s], must be lowercase", name) //nolint:staticcheck // as above
		case b <= ' ' || bytes.IndexByte([]byte(`\/*?"<>|,#`), b) >= 0:
			return fmt.Errorf("Invalid index name [%s], must not contain %q", name, b) //nolint:staticcheck // as above
		}
	}
	return nil
}
