package change

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// twin finds the deployment that c, which is new under its id, is told of by another
// sender: of the same service, environment and version at about the same time. Changes
// that tell no sender or no version have none.
func twin(ctx context.Context, tx *sql.Tx, c telemetry.Change, receivedAt time.Time) (telemetry.Change, bool, error) {
	c = complete(c, receivedAt)
	sender := c.Labels[telemetry.LabelSender]
	if c.ID == "" || sender == "" || c.VersionTo == "" || c.Kind != telemetry.KindDeployment {
		return telemetry.Change{}, false, nil
	}
	return counterpart(ctx, tx, c, receivedAt, func(old, c telemetry.Change, apart time.Duration) bool {
		by := old.Labels[telemetry.LabelSender]
		return !old.Inferred() && by != "" && by != sender && old.Environment == c.Environment &&
			old.VersionTo != "" && SameVersion(old, c) && apart <= joinUnknown
	})
}

// second returns what a second sender tells of a change as a report that fills in what
// the first did not say: the one that told first keeps its names and its beginning, and
// either may tell of the end.
func second(old, in telemetry.Change) telemetry.Change {
	in.ID, in.Started = old.ID, time.Time{}
	if old.VersionFrom != "" {
		in.VersionFrom = ""
	}
	in.VersionTo = ""
	if old.Author != "" {
		in.Author = ""
	}
	if old.Link != "" {
		in.Link = ""
	}
	if old.Summary != "" {
		in.Summary = ""
	}
	room := maxLabels - len(old.Labels)
	more := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(in.Labels)) {
		if _, have := old.Labels[k]; !have && len(more) < room {
			more[k] = in.Labels[k]
		}
	}
	in.Labels = more
	if in.Environment == "" {
		in.Environment = old.Environment
	}
	return in
}
