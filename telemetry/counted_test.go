package telemetry_test

import (
	"math"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestCounted_OneAndMore(t *testing.T) {
	for want, got := range map[string]string{
		"1 row":           telemetry.Counted(1, "row", "rows"),
		"0 rows":          telemetry.Counted(uint64(0), "row", "rows"),
		"2 anomalies":     telemetry.Counted(2, "anomaly", "anomalies"),
		"1 hour":          telemetry.Counted("1", "hour", "hours"),
		"1.05e+05 hours":  telemetry.Counted("1.05e+05", "hour", "hours"),
		"1 metric has":    telemetry.Counted(int64(1), "metric has", "metrics have"),
		"3 metrics have":  telemetry.Counted(3, "metric has", "metrics have"),
		"0.5 occurrences": telemetry.Counted(0.5, "occurrence", "occurrences"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLevel_DigitsByTheWidth(t *testing.T) {
	for _, c := range []struct {
		v, width float64
		least    int
		want     string
	}{
		{99.98765, 50, 5, "99.988"}, {99.98765, 0.01, 5, "99.98765"}, {1700512345678, 1000, 5, "1700512345678"}, {1700512345678, 1e13, 5, "1.7005e+12"},
		{3, 0, 5, "3"}, {1.23456789012345678, 1e-300, 5, "1.23456789012346"}, {-99.98765, 0.01, 6, "-99.98765"}, {3.14159265, math.NaN(), 5, "3.1416"},
	} {
		if got := telemetry.Level(c.v, c.width, c.least); got != c.want {
			t.Errorf("%v by %v: got %s, want %s", c.v, c.width, got, c.want)
		}
	}
}
