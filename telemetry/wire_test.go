package telemetry_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestSeries_Unpack_AllOrNothing(t *testing.T) {
	wire := telemetry.AppendWire(telemetry.AppendWire(nil, "__name__", "m"), "a", "b")
	s := telemetry.Series{Wire: wire}
	if got := s.Unpack(); len(got) != 2 || string(got[1].Value) != "b" || s.Wire != nil {
		t.Errorf("got %q", got)
	}
	s = telemetry.Series{Wire: append(wire[:len(wire):len(wire)], 0x12, 0x00)}
	if got := s.Unpack(); len(got) != 0 {
		t.Errorf("labels with something behind them: got %q, want none", got)
	}
}
