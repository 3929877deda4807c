package demo

import (
	"math"
	"time"
)

// weekend is the share of a weekday's customers who come on Saturday and
// Sunday: a hint of a week, not a week's full swing.
const weekend = 0.92

// demand returns how busy the shop is at t, in (0, 1.05]: 1 is the busiest
// hour of a weekday. The day follows t's own location: quiet at night, a rise
// in the morning, a dip at lunch, a high afternoon and a small evening.
func demand(t time.Time) float64 {
	h := float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
	d := 0.26 + 0.56*hump(h, 10.8, 2.7) + 0.62*hump(h, 15.8, 3.0) + 0.24*hump(h, 20.4, 2.0)
	switch t.Weekday() {
	case time.Saturday, time.Sunday:
		d *= weekend
	}
	return d
}

// hump is a bell of height 1 over the hours of a day, which wrap at midnight.
func hump(h, center, width float64) float64 {
	d := math.Abs(h - center)
	d = math.Min(d, 24-d) / width
	return math.Exp(-d * d)
}
