package statsd_test

import (
	"fmt"
	"testing"
)

// A total that has become infinite, or so large that it cannot be seen to grow, stays so
// until a restart: one line must not do that to a series.
func TestServer_LinesBeyondAllMeasure_CostNoTotal(t *testing.T) {
	r := newRig(t, nil)
	r.send("a:1|c", "t:1000|ms", "h:1|h", "g:1e308|g")
	r.send("a:1|c|@1e-300", "a:1|c|@1e-10", "t:1|ms|@1e-300", "h:1|h|@1e-300", // a rate that no sender has
		"a:1e308:1e308|c", "h:1e308:1e308|h", "h:-1e308:-1e308|h", "t:1.7e308:1e308|ms|@0.0001", "g:+1e308|g", // more than there are numbers
		"a:1|c|@1e-9", "a:2|c")
	r.expect(`a_total`, `{__name__="a_total", job="statsd"} 1.000000003e+09`)
	r.expect(`histogram_sum(t_seconds)`, `{job="statsd"} 1`)
	r.expect(`histogram_sum(h)`, `{job="statsd"} 1`)
	r.expect(`histogram_count(h)`, `{job="statsd"} 1`)
	r.expect(`g / 1e308`, `{job="statsd"} 1`)
	for reason, want := range map[string]string{"bad_sample_rate": "4", "bad_value": "5"} {
		if got := r.counter(`tocsin_statsd_refused_lines_total{reason="` + reason + `"}`); got != want {
			t.Errorf("%s: counted %s, want %s", reason, got, want)
		}
	}
	r.send("g:5|g")
	r.expect(`g`, `{__name__="g", job="statsd"} 5`)
}

func TestServer_SetIsFull_FurtherMembersAreCounted(t *testing.T) {
	r := newRig(t, nil)
	for i := range 10_003 {
		r.server.Take(fmt.Appendf(nil, "users:%d|s", i), "test")
	}
	r.send("users:7|s") // which it has
	r.expect(`users`, `{__name__="users", job="statsd"} 10000`)
	if got := r.counter(`tocsin_statsd_refused_lines_total{reason="set_limit"}`); got != "3" {
		t.Errorf("counted %s lines beyond the members of a set, want 3", got)
	}
	r.send("users:20000|s")
	r.expect(`users`, `{__name__="users", job="statsd"} 1`)
}
