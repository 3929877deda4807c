package incident

import (
	"context"
	"fmt"
)

// Records returns the part of the event log that is about one incident, oldest first,
// each event with the incident as it stood after it; none when it is not known.
func (m *Manager) Records(ctx context.Context, id string) ([]EventRecord, error) {
	records, err := queryEvents(ctx, m.db, true, "WHERE incident = ? ORDER BY seq", id)
	if err != nil {
		return nil, fmt.Errorf("event log of incident %s: %w", id, err)
	}
	return records, nil
}
