package render

import (
	"math"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
)

// sparks are the signs of a row of blocks, lowest first.
var sparks = []rune("▁▂▃▄▅▆▇█")

// sparkWidth is how many blocks a row has.
const sparkWidth = 40

// Spark draws a chart as a row of blocks with its figures, where pictures cannot
// go: "▁▁▁▁▂▇█ 0.6% to 12.4% in 1h15m, now 12.4%". Of the samples that share a
// block, the one farthest from what is usual shows. It returns "" when there is
// nothing to draw.
func Spark(c *notify.Chart) string {
	if !c.Drawable() {
		return ""
	}
	low, high, last := math.Inf(1), math.Inf(-1), math.NaN()
	sum, n := 0.0, 0.0
	for _, v := range c.Values {
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			low, high, last = min(low, f), max(high, f), f
			n++
			sum += (f - sum) / n // the mean, without a sum that overflows
		}
	}
	from, length := c.From.UnixMilli(), c.To.UnixMilli()-c.From.UnixMilli()
	if length <= 0 {
		return ""
	}
	cells := make([]float64, sparkWidth)
	for i := range cells {
		cells[i] = math.NaN()
	}
	for i, t := range c.Times {
		f := float64(c.Values[i])
		if math.IsNaN(f) || math.IsInf(f, 0) || t < from || t > from+length {
			continue
		}
		k := min(int(float64(t-from)/float64(length)*sparkWidth), sparkWidth-1)
		if math.IsNaN(cells[k]) || math.Abs(f-sum) > math.Abs(cells[k]-sum) {
			cells[k] = f
		}
	}
	var b strings.Builder
	for i, v := range cells {
		switch {
		case math.IsNaN(v) && i > 0 && len(c.Times) < sparkWidth:
			v = cells[i-1] // fewer samples than blocks: the last one stands
			cells[i] = v
		}
		if math.IsNaN(v) {
			b.WriteRune(' ')
			continue
		}
		level := 0
		if high > low {
			level = int((v/2 - low/2) / (high/2 - low/2) * float64(len(sparks)-1))
		}
		b.WriteRune(sparks[min(max(level, 0), len(sparks)-1)])
	}
	s := strings.TrimRight(b.String(), " ")
	if strings.TrimSpace(s) == "" {
		return ""
	}
	figure := func(v float64) string { return Cut(Figure(v, c.Unit), 40) } // a unit may be any text
	s += " " + figure(low)
	if high > low {
		s += " to " + figure(high)
	}
	s += " in " + Duration(time.Duration(length)*time.Millisecond)
	return s + ", now " + figure(last)
}
