package telemetry_test

import (
	"math"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{0.312, "ratio", "31.2%"},
		{0.005, "ratio", "0.5%"},
		{1, "ratio", "100%"},
		{0, "ratio", "0%"},
		{91.26, "percent", "91.3%"},
		{0.0042, "seconds", "4.2 ms"},
		{1.2, "seconds", "1.2 s"},
		{0.99999, "seconds", "1 s"},
		{0, "seconds", "0 s"},
		{90, "seconds", "1.5 min"},
		{2e-7, "seconds", "200 ns"},
		{3 << 29, "bytes", "1.5 GiB"},
		{-2048, "bytes", "-2 KiB"},
		{12, "bytes", "12 B"},
		{120.4, "per_second", "120/s"},
		{1234567, "per_second", "1.23 M/s"},
		{12345.6, "", "12346"},
		{3, "requests", "3 requests"},
		{1e-9, "", "1e-09"},
		{2.5e13, "", "25 T"},
		{math.NaN(), "ratio", "unknown"},
		{math.Inf(1), "", "+Inf"},
		{math.Inf(-1), "bytes", "-Inf"},
	} {
		if got := telemetry.Figure(c.v, c.unit); got != c.want {
			t.Errorf("Figure(%v, %q) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}
