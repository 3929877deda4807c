package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/topology"
)

func TestOwner_FirstLabelWithAValue(t *testing.T) {
	order := []string{"team_service", "job"}
	own := topology.NewOwner(order)
	order[0] = "job" // the owner has a copy
	for _, tt := range []struct {
		owner topology.Owner
		l     labels.Labels
		want  string
	}{
		{topology.NewOwner(nil), labels.FromStrings("job", "j", "service", "s"), "s"},
		{topology.NewOwner(nil), labels.FromStrings("job", "j", "app", "a"), "a"},
		{topology.NewOwner(nil), labels.FromStrings("job", "j", "service", ""), "j"},
		{topology.NewOwner(nil), labels.FromStrings("instance", "i"), ""},
		{own, labels.FromStrings("job", "j", "service", "s", "team_service", "t"), "t"},
		{own, labels.FromStrings("service", "s"), ""},
	} {
		if got := tt.owner.Service(tt.l); got != tt.want {
			t.Errorf("%s by %q: got %q, want %q", tt.l, tt.owner.Labels(), got, tt.want)
		}
	}
	own.Labels()[0] = "x"
	if got := fmt.Sprint(own.Labels()); got != "[team_service job]" {
		t.Errorf("got %s", got)
	}
}

func TestConfig_Validate(t *testing.T) {
	for _, tt := range []struct {
		labels []string
		want   string
	}{
		{topology.DefaultConfig().Labels, ""},
		{nil, "labels: want at least one label name, such as service"},
		{[]string{"a", "a"}, `labels: label "a" stands twice`},
		{[]string{"9a"}, `got "9a"`},
		{[]string{"a-b"}, `got "a-b"`},
		{[]string{""}, `got ""`},
		{[]string{"_a9", "B"}, ""},
	} {
		var got []string
		topology.Config{Labels: tt.labels}.Validate(func(path, format string, args ...any) {
			got = append(got, path+": "+fmt.Sprintf(format, args...))
		})
		if all := strings.Join(got, "; "); tt.want == "" && all != "" || !strings.Contains(all, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.labels, all, tt.want)
		}
	}
}
