package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"

	"github.com/tocsinhq/tocsin/notify"
)

// Call is one request and where its answer goes.
type Call struct {
	Method, URL string
	Header      http.Header
	In          any // sent as JSON; nil: no body
	Out         any // the answer is read into it as JSON; nil: it is not read
	Files       []File
	// Form are fields sent beside Files as multipart/form-data, in order; In must
	// be nil then.
	Form []FormField
}

// File is a part of a form.
type File struct {
	Field, Name, Type string
	Body              []byte
}

// FormField is a part of a form that is text.
type FormField struct{ Name, Value string }

// JSON makes a call and reads its answer. Errors are those of Do, without the
// address and without secrets. An answer of 2xx that is not the JSON that was
// wanted is worth another try: mostly it comes from something in between.
func (c *Client) JSON(ctx context.Context, call Call) error {
	body, kind, err := call.body()
	if err != nil {
		return err
	}
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, call.URL, r)
	if err != nil {
		return errors.New("the address cannot be read")
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "tocsin")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := c.Do(req)
	if err != nil || call.Out == nil {
		return err
	}
	answer, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(answer, call.Out)
	}
	if err != nil {
		return c.Scrub(&notify.RetryError{Err: fmt.Errorf("the answer is not the JSON of the receiver: %w", err)})
	}
	return nil
}

func (call Call) body() (body []byte, kind string, err error) {
	switch {
	case len(call.Files) > 0 || len(call.Form) > 0:
		return form(call.Form, call.Files)
	case call.In == nil:
		return nil, "", nil
	}
	b, err := json.Marshal(call.In)
	if err != nil {
		return nil, "", fmt.Errorf("write the request as JSON: %w", err)
	}
	return b, "application/json", nil
}

func form(fields []FormField, files []File) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := w.WriteField(f.Name, f.Value); err != nil {
			return nil, "", fmt.Errorf("write field %s: %w", f.Name, err)
		}
	}
	for _, f := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, f.Field, f.Name))
		h.Set("Content-Type", f.Type)
		p, err := w.CreatePart(h)
		if err == nil {
			_, err = p.Write(f.Body)
		}
		if err != nil {
			return nil, "", fmt.Errorf("write file %s: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("write the form: %w", err)
	}
	return b.Bytes(), w.FormDataContentType(), nil
}
