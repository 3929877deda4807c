package telemetry_test

import (
	"fmt"
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

// What a value is held against is told apart from it, with no more digits than that takes.
func TestFigures(t *testing.T) {
	for _, c := range []struct {
		unit   string
		v      float64
		others []float64
		want   string
	}{
		{"percent", 99.95, []float64{99.99, 99.982, 99.998}, "[99.95% 99.99% 99.98% 100%]"},
		{"", 12.34, []float64{12.28, 12.25, 12.31}, "[12.34 12.28 12.25 12.31]"},
		{"", 15, []float64{12.28, 12.25, 12.31}, "[15 12.3 12.2 12.3]"},
		{"bytes", 1.7005e12, []float64{1.7e12, 1.6995e12, 1.70049e12}, "[1.5466 TiB 1.54614 TiB 1.54569 TiB 1.54659 TiB]"},
		{"", 123456, []float64{123455.7}, "[123456 123455.7]"},
		{"per_second", 0.2, []float64{0, 0, 3e-45}, "[0.2/s 0/s 0/s 0/s]"},
		{"seconds", 0.2, []float64{math.NaN(), 0.2}, "[200 ms unknown 200 ms]"},
		{"", math.NaN(), []float64{math.NaN()}, "[unknown unknown]"},
		{"", 1, []float64{1 + 1e-12}, "[1 1]"},
	} {
		if got := fmt.Sprint(telemetry.Figures(c.unit, c.v, c.others...)); got != c.want {
			t.Errorf("Figures(%q, %v, %v) = %s, want %s", c.unit, c.v, c.others, got, c.want)
		}
	}
}
