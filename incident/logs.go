package incident

import (
	"strings"

	"github.com/tocsinhq/tocsin/logs/watch"
	"github.com/tocsinhq/tocsin/telemetry"
)

// LogsKey begins the keys of occurrences that come from log lines; the service follows.
const LogsKey = "logs:"

// LogLines is the name of what log lines show.
const LogLines = "log_lines"

// FromLogs words what is odd about the log lines of a service as an occurrence. It is
// strong if lines of at least error are new or came in a burst, and a symptom if they are
// many; all else is evidence that joins an incident and opens none. Its figures are those of the oddest part, in
// lines a minute.
func FromLogs(f watch.Finding, environment string) Occurrence {
	o := Occurrence{
		Key: LogsKey + f.Service, Source: SourceAnomaly, Name: LogLines, Signal: LogLines, Service: f.Service, Environment: environment,
		Severity: SeverityInfo, Condition: ConditionFiring, Since: f.Since, At: f.At,
		Value: unknown, Expected: unknown, Lower: unknown, Upper: unknown, Threshold: unknown,
		Score: telemetry.Number(f.Score), Query: watch.LinesMetric + "{service=" + quoted(f.Service) + "}",
		Labels: map[string]string{}, Summary: f.Summary(),
	}
	if f.Phase == watch.Closed {
		o.Condition = ConditionCleared
	}
	if f.Errors {
		o.Strong, o.Severity, o.Symptom = true, SeverityWarning, f.Felt
	}
	kinds := make([]string, 0, len(f.Parts))
	for i, p := range f.Parts {
		if i == 0 {
			o.Kind = string(p.Kind)
			if p.Kind != watch.KindMix {
				o.Value, o.Expected = telemetry.Number(p.Count), telemetry.Number(p.Expected)
			}
			if p.Template != "" {
				o.Labels["template"] = p.Template
			}
			if p.Example != "" {
				o.Labels["example"] = p.Example
			}
		}
		kinds = append(kinds, string(p.Kind))
	}
	o.Labels["kinds"] = strings.Join(kinds, ",")
	return o
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
