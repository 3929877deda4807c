package alertmanager

import (
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify"
)

// sight is what one channel would see of a group now.
type sight struct {
	firing, resolved map[model.Fingerprint]bool
}

// decide says why a channel has to be told of what it would see, "" when it need
// not be, and whether that is because alerts joined. It follows Alertmanager's
// stage of deduplication, but for two things. An end is told to whom knew of the
// alert, although a silence came between. And the repeat interval has passed when
// it has passed, not one group interval later.
func decide(t *told, s sight, sendResolved bool, repeat time.Duration, at time.Time) (reason string, joined bool) {
	if t == nil {
		if len(s.firing) > 0 {
			return notify.GroupFirst, false
		}
		return "", false
	}
	if !subset(s.firing, t.firing) {
		if len(t.known) == 0 {
			return notify.GroupFirst, false
		}
		return notify.GroupChanged, true
	}
	if len(s.firing) == 0 {
		// Also for those that hear of no ends: what they know is then up to date.
		if ends(t.known, s.resolved) {
			return notify.GroupResolved, false
		}
		return "", false
	}
	if sendResolved && !subset(s.resolved, t.resolved) {
		return notify.GroupChanged, false
	}
	if !t.at.After(at.Add(-repeat)) {
		return notify.GroupRepeat, false
	}
	return "", false
}

func subset(a, b map[model.Fingerprint]bool) bool {
	if len(a) > len(b) {
		return false
	}
	for fp := range a {
		if !b[fp] {
			return false
		}
	}
	return true
}

// ends reports whether one of those that are believed to burn has ended.
func ends(known, resolved map[model.Fingerprint]bool) bool {
	for fp := range resolved {
		if known[fp] {
			return true
		}
	}
	return false
}
