package web_test

import (
	"strings"
	"testing"
)

func TestShape_WrongBody_IsRefused(t *testing.T) {
	h := newServer().Handler()
	for body, want := range map[string]string{
		`{"actor":"ada"}`:                          "the id of the other incident",
		`{"actor":"ada","with":"x","key":"y"}`:     "does not belong here",
		`{"with":"x"}`:                             "want the name of whoever does this",
		`{"actor":"ada","with":"x","another":"x"}`: "another",
	} {
		res, text := ask(t, h, "POST", "/api/v1/tocsin/incidents/x/merge", body)
		if res.StatusCode != 400 || !strings.Contains(text, want) {
			t.Errorf("%s: got %d %s, want 400 with %q", body, res.StatusCode, text, want)
		}
	}
	res, text := ask(t, h, "POST", "/api/v1/tocsin/incidents/x/split", `{"actor":"ada"}`)
	if res.StatusCode != 400 || !strings.Contains(text, "the key of an occurrence") {
		t.Errorf("split without key: got %d %s", res.StatusCode, text)
	}
}
