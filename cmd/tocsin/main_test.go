package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A machine without a database of time zones, as most minimal images are, knows those
// of the configuration all the same.
func TestBinary_HasTimeZones(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("list what is built in: %v", err)
	}
	if !slices.Contains(strings.Fields(string(out)), "time/tzdata") {
		t.Error("want time/tzdata in the binary, so that detector.time_zone and others need no files of the system")
	}
}
