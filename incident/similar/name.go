package similar

import "strings"

// Family returns what a signal measures, without the quantile or statistic by
// which: p95_latency, p99_latency and latency_avg are all latency. Other names come
// back in lower case. "" stays "".
func Family(signal string) string {
	parts := strings.FieldsFunc(strings.ToLower(signal), func(r rune) bool { return r == '_' || r == ' ' || r == '.' || r == ':' })
	kept := parts[:0]
	for _, p := range parts {
		if !statistic(p) {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return strings.ToLower(strings.TrimSpace(signal))
	}
	return strings.Join(kept, "_")
}

// statistic says whether a part of a name only says how a value was summed up, or
// in which unit.
func statistic(part string) bool {
	switch part {
	case "avg", "average", "mean", "median", "max", "min", "total", "count", "bucket", "quantile",
		"seconds", "bytes", "percent", "ratio", "tocsin", "signal":
		return true
	}
	return len(part) >= 2 && part[0] == 'p' && digits(part[1:])
}

// Class returns the name that a service shares with those of its kind: without the
// numbers and hashes that deployment tools put at the end. "db-7" and "db-3" are
// "db", "web-5d8f7c9b4-x2kqp" is "web". A name that is nothing but such parts comes
// back as it is.
func Class(service string) string {
	s := service
	for {
		i := strings.LastIndexAny(s, "-_")
		if i <= 0 || !generated(s[i+1:]) {
			break
		}
		s = s[:i]
	}
	trimmed := strings.TrimRight(s, "0123456789")
	if trimmed = strings.TrimRight(trimmed, "-_"); trimmed != "" {
		return trimmed
	}
	return service
}

// generated says whether a part of a name was made by a machine: a number, or at
// least five letters and digits among which are both and no vowel, or hex.
func generated(part string) bool {
	if part == "" {
		return false
	}
	if digits(part) {
		return true
	}
	if len(part) < 5 || len(part) > 16 {
		return false
	}
	vowels, numbers := false, false
	for _, r := range part {
		switch {
		case r >= '0' && r <= '9':
			numbers = true
		case strings.ContainsRune("aeiou", r):
			vowels = true
		case r < 'a' || r > 'z':
			return false
		}
	}
	return numbers && (!vowels || hex(part))
}

func hex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
