package incident

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// GroupKey begins the keys of occurrences about a service as a whole; its name
// follows.
const GroupKey = "group:"

// groupName is what an occurrence about a whole service is called.
const groupName = "metrics together"

// FromGroup words a detector's verdict on a service, whose Group is set, as an
// occurrence with the guilty metrics in its labels and its summary. It counts as
// a series that is no signal does: evidence, and strong from
// Config.RawStrongScore on. Value is how many metrics are odd, Upper up to how many
// are ordinary. A quiet verdict, and one on a single series, is no occurrence: ok is then false.
func FromGroup(v detector.Verdict, environment string, c Config) (o Occurrence, ok bool) {
	if v.Group == nil || v.Phase == detector.PhaseQuiet {
		return Occurrence{}, false
	}
	o = Occurrence{
		Key:         GroupKey + v.Group.Service,
		Source:      SourceAnomaly,
		Name:        groupName,
		Service:     v.Group.Service,
		Environment: environment,
		Severity:    SeverityInfo,
		Condition:   ConditionFiring,
		Since:       time.UnixMilli(v.Since).UTC(),
		At:          time.UnixMilli(v.Time).UTC(),
		Value:       telemetry.Number(v.Value),
		Expected:    0,
		Lower:       telemetry.Number(v.Lower),
		Upper:       telemetry.Number(v.Upper),
		Threshold:   unknown,
		Score:       telemetry.Number(v.Score),
		Kind:        v.Kind.String(),
	}
	if v.Phase == detector.PhaseClosed || v.Phase == detector.PhaseLost {
		o.Condition = ConditionCleared
	}
	if max(v.Peak, v.Score) >= c.RawStrongScore {
		o.Strong, o.Severity = true, SeverityWarning
	}
	var names []string
	for i, g := range v.Group.Guilty {
		if i == 0 {
			o.Labels, o.Query = make(map[string]string), g.Labels.String()
		}
		o.Labels[fmt.Sprintf("guilty_%d", i+1)] = g.Labels.String()
		names = append(names, fmt.Sprintf("%s (%.0f%%)", g.Labels.Get("__name__"), 100*g.Share))
	}
	o.Summary = fmt.Sprintf("%s, up to %.1f are ordinary, since %s", guiltyText(names, int(v.Value), v.Group.Newly), v.Upper, clock(o.Since))
	return o, true
}

// guiltyText names the oddest of so many metrics that are odd at once. Where newly is set
// odd counts those that have just become so, while the oddest may be odd for longer.
func guiltyText(names []string, odd int, newly bool) string {
	if len(names) == 0 {
		return "no metric odd any more"
	}
	if newly {
		return telemetry.Counted(odd, "metric has", "metrics have") + " just become odd together, the oddest are " + strings.Join(names, ", ")
	}
	text := telemetry.Counted(max(odd, len(names)), "metric", "metrics") + " odd together: " + strings.Join(names, ", ")
	if more := odd - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
