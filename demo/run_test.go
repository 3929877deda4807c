package demo_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsinhq/tocsin/demo"
)

// show runs the demo against d in virtual time for the given while.
func show(t *testing.T, d *daemon, while time.Duration, o demo.RunOptions) (string, error) {
	t.Helper()
	var out notebook
	o.URL, o.Out, o.Location = "http://127.0.0.1:9099/", &out, time.UTC
	o.Client = &http.Client{Transport: d}
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	err := demo.Run(ctx, o)
	return out.String(), err
}

func TestRun_WholeStory_InOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan struct{}, 1)
		d := &daemon{starting: 3}
		d.onChange = func(c map[string]any) {
			if c["id"] != nil && strings.HasPrefix(c["id"].(string), "deploy-payment-v42") && c["status"] == "started" {
				time.AfterFunc(22*time.Second, func() { told <- struct{}{} })
			}
		}
		begun := time.Now()
		out, err := show(t, d, 3*time.Minute, demo.RunOptions{Told: told})
		if err != nil {
			t.Fatalf("Run: %v, want nil when the context ends", err)
		}

		var titles []string
		at := make(map[string]time.Duration)
		for _, c := range d.changes {
			status := c["status"].(string)
			title := c["service"].(string) + " " + status
			if v, ok := c["version_to"].(string); ok {
				title = c["service"].(string) + " " + v + " " + status
			}
			titles = append(titles, title)
			started, err := time.Parse(time.RFC3339, c["started"].(string))
			if err != nil {
				t.Fatal(err)
			}
			at[title] = started.Sub(begun)
			if _, sent := c["received"]; sent {
				t.Errorf("%s: sent received, which is the daemon's to set", title)
			}
		}
		want := "catalog v131 succeeded, web 20% succeeded, search succeeded, payment v42 started, payment v42 succeeded, payment v41 started, payment v41 succeeded, payment v42 rolled_back"
		if got := strings.Join(titles, ", "); got != want {
			t.Errorf("changes:\n got %s\nwant %s", got, want)
		}
		if got := at["payment v42 started"]; got < 20*time.Second || got > 30*time.Second {
			t.Errorf("the bad deployment came after %s, want 20s to 30s", got)
		}
		if got := at["payment v41 started"] - at["payment v42 started"]; got < 37*time.Second || got > 43*time.Second {
			t.Errorf("the rollback came %s after the deployment, want 15s after the team was told at 22s", got)
		}
		for i := 1; i < len(d.times); i++ {
			if d.times[i] <= d.times[i-1] {
				t.Fatalf("write %d ends at %d, the one before at %d; want oldest first", i, d.times[i], d.times[i-1])
			}
		}
		// 70 h a minute apart and the rest every 5 s, with both ends.
		series, steps := 247, 70*60+(2*3600+180)/5
		if got, want := d.samples/series, steps; got < want-2 || got > want+2 || d.samples%series != 0 {
			t.Errorf("samples=%d, want %d series times about %d steps", d.samples, series, want)
		}
		if d.lines < 36*12 {
			t.Errorf("%d lines of logs were sent in three minutes, want twelve every 5 s", d.lines)
		}
		for _, line := range []string{
			"A small shop of 6 services, 247 series. Its last 3 days are being written first.",
			"The shop is healthy; see for yourself: http://127.0.0.1:9099/",
			"Somebody deploys payment v42.",
			"The daemon has told the team, 22s after the deployment began.",
			"The team rolls payment back to v41.",
			"Press Ctrl-C to end",
		} {
			if !strings.Contains(out, line) {
				t.Errorf("narration lacks %q:\n%s", line, out)
			}
		}
	})
}

func TestRun_ChangesOfThePast_ComeBetweenTheSamplesAroundThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{}
		if _, err := show(t, d, time.Second, demo.RunOptions{History: 4 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		writes := 0
		for _, what := range d.order {
			if what == "write" {
				writes++
				continue
			}
			if writes < 3 || writes == len(d.times) {
				t.Errorf("%s came after %d of %d writes, want it in between", what, writes, len(d.times))
			}
		}
		if len(d.changes) != 3 {
			t.Errorf("changes=%d, want 3", len(d.changes))
		}
	})
}

func TestRun_Warm_GetsEveryPartOfTheHistoryAtItsStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type part struct {
			from, to time.Time
			step     time.Duration
		}
		begun := time.Now()
		var got []part
		d := &daemon{}
		warm := func(_ context.Context, from, to time.Time, step time.Duration) (int, error) {
			got = append(got, part{from, to, step})
			time.Sleep(15 * time.Second) // of virtual time: the live samples catch up
			return 1, nil
		}
		if _, err := show(t, d, time.Minute, demo.RunOptions{History: 3 * time.Hour, Warm: warm}); err != nil {
			t.Fatal(err)
		}
		fine := begun.Add(-2 * time.Hour)
		want := []part{{begun.Add(-3 * time.Hour), fine, time.Minute}, {fine.Add(2 * time.Minute), begun, 5 * time.Second}}
		if len(got) != 2 {
			t.Fatalf("parts=%d, want 2", len(got))
		}
		for i := range want {
			if !got[i].from.Equal(want[i].from) || !got[i].to.Equal(want[i].to) || got[i].step != want[i].step {
				t.Errorf("part %d: %+v, want %+v", i, got[i], want[i])
			}
		}
		if newest := d.times[len(d.times)-1]; newest < begun.Add(50*time.Second).UnixMilli() {
			t.Errorf("newest sample %s, want the live ones to have caught up", time.UnixMilli(newest))
		}
		_, err := show(t, new(daemon), time.Minute, demo.RunOptions{History: 3 * time.Hour,
			Warm: func(context.Context, time.Time, time.Time, time.Duration) (int, error) { return 0, io.ErrUnexpectedEOF }})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error=%v, want that of Warm", err)
		}
	})
}

func TestRun_NobodyIsTold_RollsBackAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{}
		told := make(chan struct{}, 1)
		told <- struct{}{} // a word before the break does not count
		out, err := show(t, d, 4*time.Minute, demo.RunOptions{History: 3 * time.Hour, Told: told})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, "has told the team") {
			t.Errorf("a message before the break was taken for its consequence:\n%s", out)
		}
		if !strings.Contains(out, "rolls payment back") {
			t.Errorf("no rollback:\n%s", out)
		}
	})
}

func TestRun_DaemonRefuses_EndsWithItsWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{refuse: `series 3: label "x y": want letters, digits and _ [invalid_label]`}
		_, err := show(t, d, time.Minute, demo.RunOptions{History: 3 * time.Hour})
		if err == nil || !strings.Contains(err.Error(), "POST /api/v1/write: the daemon answered 400: series 3") {
			t.Errorf("error=%v, want the daemon's sentence", err)
		}
	})
}

func TestRun_BadOptions_SaySo(t *testing.T) {
	f := func(o demo.RunOptions, want string) {
		t.Helper()
		if err := demo.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error=%v, want %q", err, want)
		}
	}
	f(demo.RunOptions{Out: io.Discard}, "want the daemon's URL")
	f(demo.RunOptions{URL: "http://127.0.0.1:1"}, "want a writer")
	f(demo.RunOptions{URL: "http://127.0.0.1:1", Out: io.Discard, Step: time.Hour}, "step 1h0m0s")
	f(demo.RunOptions{URL: "http://127.0.0.1:1", Out: io.Discard, History: time.Hour}, "fine 2h0m0s, history 1h0m0s")
	f(demo.RunOptions{URL: "http://127.0.0.1:1", Out: io.Discard, Victim: "billing"}, `"billing": no such service`)
}
