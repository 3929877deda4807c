package window_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify/window"
)

func read(t *testing.T, src string) ([]window.Config, yamldoc.Errors) {
	t.Helper()
	doc, errs := yamldoc.Parse("w.yml", []byte(src))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var c struct {
		Maintenance []window.Config `yaml:"maintenance"`
	}
	errs = doc.Decode(&c)
	report := doc.Report(&errs)
	window.Validate(c.Maintenance, func(path, format string, args ...any) { report("maintenance"+path, format, args...) })
	return c.Maintenance, errs.Sorted()
}

const windows = `maintenance:
  - name: nightly batch
    matchers: ['service=~"pay|ledger"', 'severity!="critical"']
    times:
      - weekdays: ['monday:friday']
        times: [{start_time: '02:00', end_time: '04:30'}]
        location: Europe/Berlin
    comment: the batch makes everything slow
  - name: patch sunday
    matchers: [host=~"db-.*"]
    cron: 0 22 * * sun
    duration: 6h
    time_zone: America/New_York
`

func TestSet_In(t *testing.T) {
	list, errs := read(t, windows)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	set, err := window.New(list)
	if err != nil {
		t.Fatal(err)
	}
	pay, crit := map[string]string{"service": "pay", "severity": "warning"}, map[string]string{"service": "pay", "severity": "critical"}
	db := map[string]string{"host": "db-3"}
	for _, tt := range []struct {
		at     string
		labels map[string]string
		want   string
		until  string
	}{
		{"2026-01-05T01:30:00Z", pay, "nightly batch", "2026-01-05T03:30:00Z"}, // 02:30 in Berlin, a Monday
		{"2026-01-05T00:59:59Z", pay, "", ""},
		{"2026-01-05T01:00:00Z", pay, "nightly batch", "2026-01-05T03:30:00Z"},
		{"2026-01-05T03:30:00Z", pay, "", ""},
		{"2026-07-06T00:30:00Z", pay, "nightly batch", "2026-07-06T02:30:00Z"}, // summer
		{"2026-01-04T01:30:00Z", pay, "", ""},                                  // a Sunday
		{"2026-01-05T01:30:00Z", crit, "", ""},
		{"2026-01-05T03:00:00Z", db, "patch sunday", "2026-01-05T09:00:00Z"}, // Sunday 22:00 in New York
		{"2026-01-05T02:59:00Z", db, "", ""},
		{"2026-01-05T08:59:59Z", db, "patch sunday", "2026-01-05T09:00:00Z"},
		{"2026-01-05T09:00:00Z", db, "", ""},
	} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		got, in := set.In(tt.labels, at)
		if got.Name != tt.want || in != (tt.want != "") {
			t.Errorf("%s %v: got %q, want %q", tt.at, tt.labels, got.Name, tt.want)
		}
		if in && got.Until.UTC().Format(time.RFC3339) != tt.until {
			t.Errorf("%s: until %v, want %s", tt.at, got.Until, tt.until)
		}
		if set.Excluded(tt.labels, at) != in {
			t.Errorf("%s: Excluded disagrees with In", tt.at)
		}
	}
	status := set.List(time.Date(2026, 1, 5, 1, 30, 0, 0, time.UTC))
	if len(status) != 2 || !status[0].On || status[1].On || !status[1].Next.Equal(time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", status)
	}
	if _, in := (window.Set{}).In(pay, time.Now()); in {
		t.Error("a set without windows has none")
	}
}

func TestValidate_EveryFault_HasItsPlace(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"maintenance: [{matchers: [a=b], cron: 0 2 * * *, duration: 1h}]\n", "w.yml:1: maintenance[0].name: want a name"},
		{"maintenance:\n- {name: a, matchers: [], cron: 0 2 * * *, duration: 1h}\n", "w.yml:2: maintenance[0].matchers: want at least one"},
		{"maintenance:\n- name: a\n  matchers: ['a=~\"(\"']\n  cron: 0 2 * * *\n  duration: 1h\n", "w.yml:3: maintenance[0].matchers[0]: want a matcher"},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n", "w.yml:2: maintenance[0].times: want times, or cron"},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  cron: 0 2 * *\n  duration: 1h\n", "w.yml:4: maintenance[0].cron: want five fields"},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  cron: 0 2 * * *\n", "w.yml:2: maintenance[0].duration: want from 1m to 7d"},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  cron: 0 2 * * *\n  duration: 1h\n  time_zone: Mars/Base\n", "w.yml:6: maintenance[0].time_zone: want a time zone"},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  times: [{weekdays: ['someday']}]\n", "w.yml:4: maintenance[0].times[0]: "},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  times: [{weekday: ['monday']}]\n", "w.yml:4: maintenance[0].times[0]: "},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  times: always\n", "w.yml:4: maintenance[0].times: want a list"},
		{"maintenance:\n- name: a\n  matchers: [a=b]\n  times: [{years: ['2026']}]\n  duration: 1h\n", "w.yml:5: maintenance[0].duration: want it beside cron"},
		{windows + "  - {name: patch sunday, matchers: [a=b], cron: 0 2 * * *, duration: 1h}\n", "w.yml:14: maintenance[2].name: want each name once"},
	} {
		if _, errs := read(t, tt.src); !strings.HasPrefix(errs.Error(), tt.want) {
			t.Errorf("got  %v\nwant %s", errs, tt.want)
		}
	}
}
