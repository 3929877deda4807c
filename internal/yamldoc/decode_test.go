package yamldoc_test

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// channel is written as a name alone or as a mapping, and has a default.
type channel struct {
	Kind  string `yaml:"kind"`
	Retry int    `yaml:"retry"`
	Line  int    `yaml:"-"`
}

func (c *channel) DecodeNode(n yamldoc.Node) yamldoc.Errors {
	*c = channel{Retry: 3, Line: n.Line()}
	if n.Kind() == yamldoc.Scalar {
		c.Kind = n.Text()
		return nil
	}
	type plain channel
	errs := n.Decode((*plain)(c))
	if c.Kind == "smoke" {
		kind, _ := n.Get("kind")
		errs = append(errs, kind.Errorf("want slack or email, got %s", kind.Found()))
	}
	return errs
}

type common struct {
	Interval yamldoc.Duration `yaml:"interval"`
}

type labels struct {
	Team string            `yaml:"team"`
	Rest map[string]string `yaml:",inline"`
}

type alert struct {
	Name     string           `yaml:"name"`
	Duration yamldoc.Duration `yaml:"duration,omitempty"`
	Severity string           `yaml:"severity"`
	Channels []string         `yaml:"channels"`
	GroupBy  string           `yaml:"group_by"`
}

type target struct {
	common   `yaml:",inline"`
	Alerts   []alert            `yaml:"alerts"`
	Channels map[string]channel `yaml:"channels"`
	Labels   labels             `yaml:"labels"`
	Limit    yamldoc.Bytes      `yaml:"limit"`
	Token    yamldoc.Secret     `yaml:"token"`
	Address  netip.Addr         `yaml:"address"`
	Since    time.Time          `yaml:"since"`
	Timeout  time.Duration      `yaml:"timeout"`
	Count    int8               `yaml:"count"`
	Port     uint16             `yaml:"port"`
	Ratio    float64            `yaml:"ratio"`
	On       bool               `yaml:"on"`
	Note     string             `yaml:"note"`
	Optional *common            `yaml:"optional"`
	Free     any                `yaml:"free"`
	Pair     [2]int             `yaml:"pair"`
	Plain    string
	hidden   string
}

func decode(t *testing.T, src string, v any, opts ...yamldoc.Option) string {
	t.Helper()
	doc, errs := yamldoc.Parse("t.yml", []byte(src), opts...)
	if len(errs) > 0 {
		return errs.Error()
	}
	return doc.Decode(v).Error()
}

func TestDecode_EveryType_IsFilledIn(t *testing.T) {
	src := `
interval: 1h30m
alerts:
  - {name: a, duration: 5m, channels: [slack, "email"]}
channels:
  short: slack
  long:
    kind: email
labels: {team: shop, app.kubernetes.io/name: 7}
limit: 16MiB
token: hunter2
address: 127.0.0.1
since: 2026-01-31T15:04:05Z
timeout: 2s
count: -0x10
port: 08080
ratio: 1e-3
on: True
note: |
  two
  lines
optional: {interval: 1d}
free: {n: 1, f: 1.5, b: true, s: "1", l: [~, x], i: 99999999999999999999}
pair: [1, +2]
plain: 1.10
`
	var got target
	if errs := decode(t, src, &got); errs != "" {
		t.Fatal(errs)
	}
	want := target{
		common:   common{Interval: yamldoc.Duration(90 * time.Minute)},
		Alerts:   []alert{{Name: "a", Duration: yamldoc.Duration(5 * time.Minute), Channels: []string{"slack", "email"}}},
		Channels: map[string]channel{"short": {Kind: "slack", Retry: 3, Line: 6}, "long": {Kind: "email", Retry: 3, Line: 7}},
		Labels:   labels{Team: "shop", Rest: map[string]string{"app.kubernetes.io/name": "7"}},
		Limit:    16 << 20, Token: "hunter2", Address: netip.MustParseAddr("127.0.0.1"),
		Since: time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC), Timeout: 2 * time.Second,
		Count: -16, Port: 8080, Ratio: 0.001, On: true, Note: "two\nlines\n",
		Optional: &common{Interval: yamldoc.Duration(24 * time.Hour)},
		Free: map[string]any{"n": int64(1), "f": 1.5, "b": true, "s": "1", "l": []any{nil, "x"},
			"i": 1e20},
		Pair: [2]int{1, 2}, Plain: "1.10",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestDecode_AbsentFields_KeepDefaults(t *testing.T) {
	shared := &common{Interval: 7}
	got := target{Count: 5, Note: "keep", Optional: shared, Alerts: []alert{{Name: "old"}}}
	if errs := decode(t, "count: 6\noptional: {}\nalerts: []\n", &got); errs != "" {
		t.Fatal(errs)
	}
	if got.Count != 6 || got.Note != "keep" || len(got.Alerts) != 0 {
		t.Errorf("got %+v", got)
	}
	if got.Optional == shared || got.Optional.Interval != 7 {
		t.Errorf("a default behind a pointer must be copied and kept, got %p %+v", got.Optional, got.Optional)
	}
	if errs := decode(t, "optional: ~\n", &got); errs != "" || got.Optional != nil {
		t.Errorf("null must clear a pointer, got %v %q", got.Optional, errs)
	}
	if errs := decode(t, "# nothing\n", &got); errs != "" || got.Count != 6 {
		t.Errorf("an empty document must change nothing, got %+v %q", got, errs)
	}
}

func TestDecode_Wrong_SaysWhatAndWhere(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"unknown field", "alrets: []", `t.yml:1: alrets: unknown field "alrets"; did you mean "alerts"? (known fields: address, alerts, channels, count, free, interval, labels, limit, note, on, optional, pair, plain, port, ratio, since, timeout, token)`},
		{"unknown field of another style", "alerts:\n - groupBy: x", `t.yml:2: alerts[0].groupBy: unknown field "groupBy"; did you mean "group_by"? (known fields: channels, duration, group_by, name, severity)`},
		{"unknown field far from all", "optional:\n  zzzzzz: 1", `t.yml:2: optional.zzzzzz: unknown field "zzzzzz"; known fields: interval`},
		{"duration", "interval: soon", `t.yml:1: interval: want a duration such as "5m", got "soon"`},
		{"duration without unit", "interval: 5", `t.yml:1: interval: want a duration such as "5m", got 5`},
		{"go duration", "timeout: []", `t.yml:1: timeout: want a duration such as "5m", got a list`},
		{"size", "limit: big", `t.yml:1: limit: want a size such as "16MiB", got "big"`},
		{"address", "address: here", `t.yml:1: address: want a valid addr, got "here": ParseAddr("here"): unable to parse IP`},
		{"time", "since: noon", `t.yml:1: since: want a time such as "2026-01-31T15:04:05Z", got "noon"`},
		{"secret", "token: [x]", `t.yml:1: token: want text, got a list`},
		{"bool", "on: yes", `t.yml:1: on: want true or false, got "yes"`},
		{"quoted bool", `on: "true"`, `t.yml:1: on: want true or false, got "true"; remove the quotes`},
		{"int", "count: 1.5", `t.yml:1: count: want a whole number, got 1.5`},
		{"quoted int", `count: "5"`, `t.yml:1: count: want a whole number, got "5"; remove the quotes`},
		{"int range", "count: 128", `t.yml:1: count: want a whole number from -128 to 127, got 128`},
		{"uint range", "port: -1", `t.yml:1: port: want a whole number from 0 to 65535, got -1`},
		{"uint", "port: http", `t.yml:1: port: want a whole number, got "http"`},
		{"float", "ratio: .nan", `t.yml:1: ratio: want a number, got ".nan"`},
		{"float of underscores", "ratio: 1_000", `t.yml:1: ratio: want a number, got "1_000"`},
		{"missing text", "note:", `t.yml:1: note: want text, got nothing; write "" for empty text`},
		{"missing list", "alerts:\nnote: x", `t.yml:1: alerts: want a list, got nothing; write [] for an empty one`},
		{"missing mapping", "channels: ~", `t.yml:1: channels: want a mapping, got nothing; write {} for an empty one`},
		{"scalar for list", "alerts:\n- channels: slack", `t.yml:2: alerts[0].channels: want a list, got "slack"; write [slack]`},
		{"list for mapping", "labels: [a]", `t.yml:1: labels: want a mapping, got a list`},
		{"scalar for mapping", "channels: 5", `t.yml:1: channels: want a mapping, got 5`},
		{"mapping for text", "note: {a: b}", `t.yml:1: note: want text, got a mapping`},
		{"array length", "pair: [1]", `t.yml:1: pair: want a list of 2, got 1`},
		{"whole document", "- a", `t.yml:1: want a mapping, got a list`},
		{"duplicate key", "note: a\ncount: 1\nnote: b", `t.yml:3: note: key "note" is already set on line 1; want it once`},
		{"key of odd letters", "labels: {a.b: []}", `t.yml:1: labels["a.b"]: want text, got a list`},
		{"own decoder", "channels:\n  x:\n    kind: smoke\n    retry: x", "t.yml:3: channels.x.kind: want slack or email, got \"smoke\"\nt.yml:4: channels.x.retry: want a whole number, got \"x\""},
		{"long text", "count: " + strings.Repeat("x", 200), `t.yml:1: count: want a whole number, got "` + strings.Repeat("x", 80) + `..."`},
		{"line of a folded value", "a: 1\nnote: x\ncount: >\n  one\n  two\n", "t.yml:1: a: unknown field \"a\"; known fields: ADDRESS\nt.yml:3: count: want a whole number, got \"one two\\n\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := decode(t, tt.src, &target{})
			want := strings.ReplaceAll(tt.want, "ADDRESS", "address, alerts, channels, count, free, interval, labels, limit, note, on, optional, pair, plain, port, ratio, since, timeout, token")
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestDecode_ManyWrong_ReportsAllSortedByLine(t *testing.T) {
	got := decode(t, "count: x\non: x\nratio: x\nnote: ok\nnote: twice\nport: x\n", &target{})
	want := []string{"t.yml:1: count", "t.yml:2: on", "t.yml:3: ratio", "t.yml:5: note", "t.yml:6: port"}
	lines := strings.Split(got, "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d errors, want %d:\n%s", len(lines), len(want), got)
	}
	for i, prefix := range want {
		if !strings.HasPrefix(lines[i], prefix+": ") {
			t.Errorf("line %d: got %q, want prefix %q", i, lines[i], prefix)
		}
	}
}

func TestDecode_ThousandsWrong_AreCounted(t *testing.T) {
	var list []int
	errs := strings.Split(decode(t, strings.Repeat("- x\n", 1500), &list), "\n")
	if len(errs) != 1001 || !strings.Contains(errs[0]+errs[1000], "500 more errors are not shown") {
		t.Errorf("got %d errors, first %q, last %q", len(errs), errs[0], errs[len(errs)-1])
	}
}

func TestDecode_Nouns_NameTheElement(t *testing.T) {
	src := `
alerts:
  - name: high_errors
    duration: soon
  - duration: later
groups:
  - name: api
    rules:
      - alert: Slow
        for: x
      - record: a:b
        for: y
`
	var v struct {
		Alerts []alert `yaml:"alerts"`
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert  string           `yaml:"alert"`
				Record string           `yaml:"record"`
				For    yamldoc.Duration `yaml:"for"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	got := decode(t, src, &v, yamldoc.WithNoun("alerts", "alert"), yamldoc.WithNoun("groups", "group"),
		yamldoc.WithNoun("groups[].rules", "rule", "alert", "record"))
	want := `t.yml:4: alert "high_errors": duration: want a duration such as "5m", got "soon"
t.yml:5: alerts[1].duration: want a duration such as "5m", got "later"
t.yml:10: group "api": rule "Slow": for: want a duration such as "5m", got "x"
t.yml:12: group "api": rule "a:b": for: want a duration such as "5m", got "y"`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDecode_WrongTarget_IsAnErrorNotAPanic(t *testing.T) {
	type twice struct {
		A int `yaml:"a"`
		B int `yaml:"a"`
	}
	type badInline struct {
		A int `yaml:",inline"`
	}
	tests := []struct {
		name   string
		target any
		want   string
	}{
		{"nil", nil, "want a pointer"},
		{"value", target{}, "want a pointer"},
		{"nil pointer", (*target)(nil), "want a pointer"},
		{"two fields of one name", &twice{}, `the name "a" is taken`},
		{"inline number", &badInline{}, "to be inline, got int"},
		{"map of numbers", &map[int]string{}, "want a map with string keys"},
		{"channel", &struct{ A chan int }{}, "cannot decode into chan int"},
		{"interface", &struct{ A error }{}, "cannot decode into the interface error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := decode(t, "a: 1", tt.target); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want it to hold %q", got, tt.want)
			}
		})
	}
}

func TestDecode_FloatFromAnyNumber(t *testing.T) {
	for src, want := range map[string]float64{"7": 7, "-0x10": -16, "+.5": 0.5, "1e3": 1000, "0o17": 15, "007": 7} {
		var got []float64
		if errs := decode(t, "- "+src, &got); errs != "" || math.Abs(got[0]-want) > 0 {
			t.Errorf("%s: got %v %q, want %v", src, got, errs, want)
		}
	}
}
