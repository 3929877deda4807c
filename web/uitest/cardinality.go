package uitest

import (
	"context"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// hourly is a day of counts: a few each hour, and what came lately.
func hourly(usual int64, late ...int64) []int64 {
	out := make([]int64, 24)
	for i := range out {
		out[i] = usual * int64(1+i%3) / 2
	}
	copy(out[24-len(late):], late)
	return out
}

func sumOf(list []int64) (n int64) {
	for _, x := range list {
		n += x
	}
	return n
}

// Cardinality is that of the shop two hours after checkout got a label for users.
func (s *Shop) Cardinality(_ context.Context, r web.CardinalityRequest) (web.Cardinality, error) {
	now := s.now()
	out := web.Cardinality{
		By: r.By, At: now, Since: now.Add(-73 * time.Hour), Series: 184_223, Stale: 3120, Most: 2_000_000, BytesEach: 2200,
		Made: hourly(240, 9120, 21_480, 6204), Gone: hourly(200),
	}
	out.MadeDay, out.GoneDay = sumOf(out.Made), sumOf(out.Gone)
	change := telemetry.Change{
		ID: "checkout-v42", Kind: telemetry.KindDeployment, Service: "checkout", Environment: "production", VersionFrom: "v41", VersionTo: "v42",
		Started: now.Add(-2*time.Hour - 12*time.Minute), Finished: now.Add(-2*time.Hour - 9*time.Minute), Status: telemetry.StatusSucceeded,
		Author: "rita", Summary: "count orders by user", Received: now.Add(-2 * time.Hour),
	}
	jump := &web.SeriesJump{Service: "checkout", From: now.Add(-2*time.Hour - 10*time.Minute).Truncate(5 * time.Minute), To: now, Series: 36_604, Usual: 118, Change: &change, Own: true}
	other := &web.SeriesJump{Service: "search", From: now.Add(-9 * time.Hour).Truncate(5 * time.Minute), To: now.Add(-8 * time.Hour), Series: 412, Usual: 20}
	advice := []web.SeriesAdvice{
		{Text: "Best, take the label user_id off orders_total where it is counted: what is unbounded, such as users, requests or addresses, belongs into logs and exemplars."},
		{Text: "Until then, drop the series of orders_total that have user_id.", Snippet: "# under remote_write; in a scrape configuration the same is metric_relabel_configs\nwrite_relabel_configs:\n  - source_labels: [__name__, user_id]\n    regex: orders_total;.+\n    action: drop\n"},
	}
	row := func(name, value string, series int64, values int, usual int64, late ...int64) web.CardinalityRow {
		x := web.CardinalityRow{Name: name, Value: value, Series: series, Values: values, Bytes: 2200 * series, Made: hourly(usual, late...), Gone: hourly(usual)}
		x.MadeHour, x.MadeDay, x.GoneDay = x.Made[23], sumOf(x.Made), sumOf(x.Gone)
		return x
	}
	switch r.By {
	case "label":
		out.Rows = []web.CardinalityRow{row("user_id", "", 0, 35_911, 0, 8990, 20_917, 6004), row("instance", "", 0, 412, 12), row("path", "", 0, 231, 4), row("le", "", 0, 14, 0)}
		out.Rows[0].Jump, out.Rows[0].NewLabel, out.Rows[0].Advice = jump, true, advice[1:]
	case "pair":
		out.Rows = []web.CardinalityRow{row("service", "checkout", 52_004, 0, 30, 9000, 21_000, 6100), row("environment", "production", 171_206, 0, 210), row("le", "+Inf", 9120, 0, 9)}
	case "service":
		out.Rows = []web.CardinalityRow{row("checkout", "", 52_004, 0, 30, 9000, 21_000, 6100), row("search", "", 41_377, 0, 60), row("", "", 1204, 0, 2)}
		out.Rows[0].Jump = jump
	case "change":
		out.Rows = []web.CardinalityRow{row("checkout", "", 36_604, 0, 0), row("search", "", 412, 0, 0)}
		out.Rows[0].Jump, out.Rows[0].Label, out.Rows[0].NewLabel, out.Rows[0].Advice = jump, "user_id", true, advice
		out.Rows[0].Metrics = []web.MetricSeries{{Metric: "orders_total", Series: 35_911}, {Metric: "process_start_time_seconds", Series: 12}}
		out.Rows[0].Labels = []web.LabelValues{{Name: "user_id", Values: 10_000}, {Name: "instance", Values: 12}}
		out.Rows[1].Jump, out.Unresolved = other, 1
		out.Rows[1].Metrics = []web.MetricSeries{{Metric: "index_segments", Series: 412}}
	default:
		out.Rows = []web.CardinalityRow{row("orders_total", "", 36_120, 0, 4, 8990, 20_917, 6004), row("http_request_duration_seconds_bucket", "", 22_410, 0, 40), row("container_memory_working_set_bytes", "", 9330, 0, 130)}
		out.Rows[0].Jump, out.Rows[0].Label, out.Rows[0].NewLabel, out.Rows[0].Advice = jump, "user_id", true, advice
		out.Rows[0].Labels = []web.LabelValues{{Name: "user_id", Values: 10_000}, {Name: "instance", Values: 12}, {Name: "status", Values: 3}}
		out.Rows[1].Labels = []web.LabelValues{{Name: "instance", Values: 96}, {Name: "path", Values: 58}, {Name: "le", Values: 14}}
		out.Rows[2].Over = 40
	}
	out.Rows = out.Rows[:min(len(out.Rows), r.Limit)]
	return out, nil
}
