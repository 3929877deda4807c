package render

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"github.com/tocsinhq/tocsin/notify"
)

var plainID = regexp.MustCompile(`^[A-Za-z0-9-]{1,60}$`)

// DedupKey names what a message is about for the receivers that keep one thing for
// each name: the same for every message of an incident or of a group of alerts, of
// letters, digits and -, at most 73 of them.
func DedupKey(m notify.Message) string {
	if m.Group != nil {
		return "tocsin-group-" + short(m.Group.Key)
	}
	if plainID.MatchString(m.Incident.ID) {
		return "tocsin-" + m.Incident.ID
	}
	return "tocsin-" + short(m.Incident.ID)
}

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:12])
}
