package main

import (
	"bytes"
	"strings"
	"testing"
)

// Who asks for the flags of a bench has done nothing wrong.
func TestRun_Help_IsNoError(t *testing.T) {
	var out, complaints bytes.Buffer
	if code := run([]string{"detection", "--help"}, &out, &complaints); code != 0 || strings.Contains(complaints.String(), "bench detection:") {
		t.Errorf("got %d, %q", code, complaints.String())
	}
	if code := run([]string{"detection", "--nope"}, &out, &complaints); code != 1 || !strings.Contains(complaints.String(), "bench detection: flag provided but not defined: -nope\n") {
		t.Errorf("a flag that is not there: got %d, %q", code, complaints.String())
	}
}
