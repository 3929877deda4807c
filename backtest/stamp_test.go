package backtest_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
)

func TestParseTime(t *testing.T) {
	const want = 1700000000000
	for _, s := range []string{
		"1700000000", "1700000000.0", "1.7e9", "1700000000000", "1700000000000.4", "1700000000000000", "1700000000000000000",
		"2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "2023-11-14 22:13:20", "2023-11-14T22:13:20", "2023-11-14 22:13:20.0004", " 1700000000 ",
		"2023-11-14 22:13:20+00:00", "2023-11-14 22:13:20Z", "2023-11-14 22:13:20.000000+00:00", "2023-11-14 23:13:20+0100", "2023-11-14 23:13:20+01",
		"2023-11-14 23:13:20 +0100", "2023-11-14 22:13:20 UTC", "2023-11-14T23:13:20+0100",
	} {
		if got, err := backtest.ParseTime(s); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", s, got, err, want)
		}
	}
	for s, want := range map[string]int64{"0": 0, "-5": -5000, "1.5": 1500, "99999999999": 99999999999000, "100000000000": 100000000000,
		"2023-11-14": 1699920000000, "2023-11-14 22:13": 1699999980000, "2023-11-14T22:13": 1699999980000, "2023-11-14 23:13+01:00": 1699999980000, "2023-11-14T22:13Z": 1699999980000} {
		if got, err := backtest.ParseTime(s); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", " ", "noon", "NaN", "Inf", "1e40", "2023-13-01 00:00:00", "14.11.2023", "22:13"} {
		if got, err := backtest.ParseTime(s); err == nil {
			t.Errorf("%q: got %d, want an error", s, got)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"1700000000", "1e-3", "2023-11-14 22:13:20", "-", "2023-11-14T22:13:20.5Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ms, err := backtest.ParseTime(s); err != nil && ms != 0 {
			t.Errorf("%q: got %d with %v", s, ms, err)
		}
	})
}
