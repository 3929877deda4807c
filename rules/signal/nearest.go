package signal

import "slices"

// Nearest returns the one of names that takes the fewest changed letters to
// make of word, or "" when more than a third of the letters would change. Words
// that are made of the same parts in another order (latency_p95) count as near.
func Nearest(word string, names []string) string {
	if len(word) > 64 {
		return ""
	}
	best, least := "", 1+max(1, len(word)/3)
	for _, n := range names {
		d := distance(word, n)
		if sameParts(word, n) {
			d = 1
		}
		if d < least {
			best, least = n, d
		}
	}
	return best
}

func sameParts(a, b string) bool {
	x, y := parts(a), parts(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func parts(s string) []string {
	var out []string
	start := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '_' {
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return out
}

// distance is Levenshtein's: single letters inserted, removed or replaced.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
