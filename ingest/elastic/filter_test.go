package elastic_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestHandler_FilterPath_LeavesWhatIsAskedFor(t *testing.T) {
	const body = `{"create":{"_index":"a"}}` + "\n" + `{"message":"one"}` + "\n" + `{"delete":{"_id":"x"}}` + "\n" + `{"index":{}}` + "\n" + `{"message":"two"}` + "\n"
	for filter, want := range map[string]string{
		"errors,items.*.status":         `{"errors":true,"items":[{"create":{"status":201}},{"delete":{"status":400}},{"index":{"status":201}}]}`,
		"errors,items.*.error.type":     `{"errors":true,"items":[{"delete":{"error":{"type":"illegal_argument_exception"}}}]}`,
		"items.create":                  `{"items":[{"create":{"_id":"","_index":"a","_primary_term":1,"_seq_no":0,"_shards":{"failed":0,"successful":1,"total":1},"_version":1,"result":"created","status":201}}]}`,
		"items.cr*.st*s,e*s":            `{"errors":true,"items":[{"create":{"status":201}}]}`,
		"**.status":                     `{"items":[{"create":{"status":201}},{"delete":{"status":400}},{"index":{"status":201}}]}`,
		"nothing.like.it":               `{}`,
		"-took,-items":                  `{"errors":true}`,
		"items.*,-items.*._*,-**.error": `{"items":[{"create":{"result":"created","status":201}},{"delete":{"status":400}},{"index":{"result":"created","status":201}}]}`,
	} {
		w := newRig().do(http.MethodPost, "/logs/_bulk?filter_path="+url.QueryEscape(filter), body)
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: got %d %s, want %s", filter, w.Code, w.Body, want)
		}
	}
	if w := newRig().do(http.MethodGet, "/?filter_path=version.number", ""); !strings.HasPrefix(w.Body.String(), `{"version":{"number":"`) || strings.Contains(w.Body.String(), "tagline") {
		t.Errorf("got %s", w.Body)
	}
	if w := newRig().do(http.MethodPost, "/_bulk?filter_path=items", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "required") {
		t.Errorf("an error is told whole: got %d %s", w.Code, w.Body)
	}
}
