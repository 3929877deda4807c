package yamldoc

import (
	"math"
	"strconv"
	"strings"
)

// Bytes is a size in bytes, written "16MiB", "1.5GiB", "1GB" or as a plain
// number of bytes. KiB to PiB count by 1024, kB (or KB) to PB by 1000.
type Bytes int64

const wantBytes = `a size such as "16MiB"`

// byteUnits are the units from the largest to the smallest; of two that are
// the same size the first is the one that is printed.
var byteUnits = []struct {
	name string
	size int64
}{
	{"PiB", 1 << 50}, {"PB", 1e15},
	{"TiB", 1 << 40}, {"TB", 1e12},
	{"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"kB", 1e3}, {"KB", 1e3},
	{"B", 1},
}

// ParseBytes reads a size. A fraction is allowed where the result is a whole
// number of bytes. The error is a *WantError.
func ParseBytes(s string) (Bytes, error) {
	fail := &WantError{Want: wantBytes, Got: s}
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' })
	if end < 0 {
		end = len(s)
	}
	size := int64(0)
	unit := strings.TrimPrefix(s[end:], " ")
	if unit == "" {
		size = 1
	}
	for _, u := range byteUnits {
		if u.name == unit {
			size = u.size
		}
	}
	if size == 0 {
		return 0, fail
	}
	if n, err := strconv.ParseInt(s[:end], 10, 64); err == nil {
		if n > math.MaxInt64/size || n < math.MinInt64/size {
			return 0, &WantError{Want: "a size below 8192PiB", Got: s}
		}
		return Bytes(n * size), nil
	}
	f, err := strconv.ParseFloat(s[:end], 64)
	if err != nil {
		return 0, fail
	}
	f *= float64(size)
	if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, &WantError{Want: "a whole number of bytes", Got: s}
	}
	return Bytes(f), nil
}

// String returns the size in the largest unit that divides it: "16MiB", "1GB".
func (b Bytes) String() string {
	for _, u := range byteUnits {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return "0B"
}

// MarshalText returns String.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what ParseBytes reads.
func (b *Bytes) UnmarshalText(text []byte) error {
	parsed, err := ParseBytes(string(text))
	if err != nil {
		return err
	}
	*b = parsed
	return nil
}
