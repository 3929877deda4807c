package story

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tocsinhq/tocsin/notify/alertmanager"
)

var matchTypes = map[labels.MatchType]silencepb.Matcher_Type{
	labels.MatchEqual: silencepb.Matcher_EQUAL, labels.MatchNotEqual: silencepb.Matcher_NOT_EQUAL,
	labels.MatchRegexp: silencepb.Matcher_REGEXP, labels.MatchNotRegexp: silencepb.Matcher_NOT_REGEXP,
}

// silence makes one that lasts from the moment of the action until the offset of
// the story that it names.
func (r *runner) silence(ctx context.Context, a Action) error {
	until, err := duration(a.Args["until"])
	if err != nil {
		return fmt.Errorf("silence: until: %w", err)
	}
	ms, err := compat.Matchers(a.Args["matchers"], "story")
	if err != nil {
		return fmt.Errorf("silence: matchers: %w", err)
	}
	set := &silencepb.MatcherSet{}
	for _, m := range ms {
		set.Matchers = append(set.Matchers, &silencepb.Matcher{Type: matchTypes[m.Type], Name: m.Name, Pattern: m.Value})
	}
	at := timestamppb.New(r.time(a.At))
	return r.core.Silences().Put(ctx, &silencepb.Silence{
		Id: fmt.Sprintf("00000000-0000-4000-8000-%012d", a.Line), MatcherSets: []*silencepb.MatcherSet{set},
		StartsAt: at, UpdatedAt: at, EndsAt: timestamppb.New(r.time(until)), CreatedBy: a.Args["actor"], Comment: a.Args["comment"],
	})
}

// alert takes in one that another program sends, with labels as name=value,... It
// ends at the offset that it names unless it is sent again.
func (r *runner) alert(ctx context.Context, a Action) error {
	until, err := duration(a.Args["until"])
	if err != nil {
		return fmt.Errorf("alert: until: %w", err)
	}
	out := &alert.Alert{Alert: model.Alert{
		Labels: model.LabelSet{}, Annotations: model.LabelSet{}, StartsAt: r.time(a.At), EndsAt: r.time(until),
	}, UpdatedAt: r.time(a.At)}
	for pair := range strings.SplitSeq(a.Args["labels"], ",") {
		n, v, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("alert: labels: want name=value,..., got %q", pair)
		}
		out.Labels[model.LabelName(n)] = model.LabelValue(v)
	}
	if s := a.Args["summary"]; s != "" {
		out.Annotations["summary"] = model.LabelValue(s)
	}
	_, err = r.core.Router().Put(ctx, alertmanager.OriginReceived, []*alert.Alert{out}, r.time(a.At).Truncate(time.Millisecond))
	return err
}
