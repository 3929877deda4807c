package statsd_test

import (
	"context"
	"testing"
	"time"
)

func TestServer_LinesDuringAFlush_AreOfTheNextOne(t *testing.T) {
	r := newRig(t, nil)
	r.meanwhile = func() { r.server.Take([]byte("users:b|s\nnew:5|c\ntook:1|ms\nold:1|c"), "test") }
	r.send("users:a|s", "old:1|c")
	r.expect(`users`, `{__name__="users", job="statsd"} 1`)
	r.now = r.now.Add(10 * time.Second)
	r.server.Flush(context.Background(), r.now)
	r.expect(`users`, `{__name__="users", job="statsd"} 1`)
	r.expect(`old_total`, `{__name__="old_total", job="statsd"} 2`)
	// They begin at 0 too.
	r.expect(`increase(new_total[11s])`, `{job="statsd"} 5`)
	r.expect(`histogram_count(increase(took_seconds[11s]))`, `{job="statsd"} 1`)
}

func TestServer_FirstLineAtTheTimeOfAFlush_IsCounted(t *testing.T) {
	r := newRig(t, nil)
	r.server.Take([]byte("a:5|c\nb:1|ms"), "test")
	r.server.Flush(context.Background(), r.now)
	r.send()
	r.expect(`count_over_time(a_total[20s])`, `{job="statsd"} 3`)
	r.expect(`histogram_count(b_seconds) - histogram_count(b_seconds offset 10001ms)`, `{job="statsd"} 1`)
}
