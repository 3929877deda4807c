package chart

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Size of the picture in pixels.
const (
	Width  = 800
	Height = 300
)

// ErrNothing is returned for a chart that cannot be drawn; see notify.Chart.Drawable.
var ErrNothing = errors.New("the chart has nothing to draw")

var (
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink    = color.RGBA{0x21, 0x25, 0x29, 0xff}
	faint  = color.RGBA{0x6c, 0x75, 0x7d, 0xff}
	grid   = color.RGBA{0xe9, 0xec, 0xef, 0xff}
	line   = color.RGBA{0x1c, 0x7e, 0xd6, 0xff}
	odd    = color.RGBA{0xe0, 0x31, 0x31, 0xff}
	shade  = color.RGBA{0xd8, 0xeb, 0xfb, 0xff}
	middle = color.RGBA{0x8f, 0xbf, 0xe8, 0xff}
	limit  = color.RGBA{0xe8, 0x59, 0x0c, 0xff}
	marked = color.RGBA{0x70, 0x48, 0xe8, 0xff}
	began  = color.RGBA{0x49, 0x50, 0x57, 0xff}
	ended  = color.RGBA{0x2b, 0x8a, 0x3e, 0xff}
)

// frame is where the picture's parts are.
type frame struct {
	*canvas
	faces
	c                        *notify.Chart
	left, right, top, bottom float64
	values                   span
	from, to                 float64 // milliseconds
}

// PNG draws the chart. It returns ErrNothing for one that is not drawable.
func PNG(c *notify.Chart) ([]byte, error) {
	if !c.Drawable() {
		return nil, ErrNothing
	}
	fs, err := newFaces()
	if err != nil {
		return nil, fmt.Errorf("read the fonts of charts: %w", err)
	}
	f := &frame{
		canvas: newCanvas(Width, Height), faces: fs, c: c, values: limits(c), left: 16, right: Width - 16, top: 66, bottom: Height - 34,
		from: float64(c.From.UnixMilli()), to: float64(c.To.UnixMilli()),
	}
	f.axes()
	f.band()
	f.marks()
	f.threshold()
	f.series()
	f.head()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(&b, f.img); err != nil {
		return nil, fmt.Errorf("write the chart as PNG: %w", err)
	}
	return b.Bytes(), nil
}

func (f *frame) x(ms float64) float64 {
	return f.left + (min(max(ms, f.from), f.to)-f.from)/(f.to-f.from)*(f.right-f.left)
}

func (f *frame) y(v float64) float64 {
	v = min(max(v, f.values.low), f.values.high)
	return f.bottom - (v-f.values.low)/f.values.size()*(f.bottom-f.top)
}

// axes draws the grid and its figures; the plot begins right of the widest.
func (f *frame) axes() {
	marks := ticks(f.values, f.c.Unit)
	labels := make([]string, len(marks))
	widest := 0.0
	for i, v := range marks {
		labels[i] = render.Figure(v, f.c.Unit)
		widest = max(widest, width(f.small, labels[i]))
	}
	f.left = math.Round(min(16+widest+8, Width/3))
	for i, v := range marks {
		y := math.Round(f.y(v)) + 0.5
		f.stroke([]point{{f.left, y}, {f.right, y}}, 1)
		f.paint(grid)
		f.text(f.small, fit(f.small, labels[i], f.left-24), f.left-8, y+4, right, faint)
	}
	zone := f.c.Location()
	name := f.c.From.In(zone).Format("2 Jan 2006, MST")
	edge := f.right - width(f.small, name) - 10
	f.text(f.small, name, f.right, Height-12, right, faint)
	for _, t := range instants(f.c.From, f.c.To, zone) {
		x := math.Round(f.x(float64(t.at.UnixMilli()))) + 0.5
		f.stroke([]point{{x, f.bottom}, {x, f.bottom + 4}}, 1)
		f.paint(faint)
		if half := width(f.small, t.label) / 2; x+half < edge && x-half > 0 {
			f.text(f.small, t.label, x, Height-12, center, faint)
		}
	}
	f.stroke([]point{{f.left, f.bottom + 0.5}, {f.right, f.bottom + 0.5}}, 1)
	f.paint(faint)
}

// runs calls do with each stretch of samples that are known and not broken by a gap.
func (f *frame) runs(known func(i int) bool, do func(first, last int)) {
	gap := gapAfter(f.c.Times)
	first := -1
	for i := range f.c.Times {
		if first >= 0 && (!known(i) || f.c.Times[i]-f.c.Times[i-1] > gap) {
			do(first, i-1)
			first = -1
		}
		if first < 0 && known(i) {
			first = i
		}
	}
	if first >= 0 {
		do(first, len(f.c.Times)-1)
	}
}

func finite(v telemetry.Number) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// band fills what was expected and draws its middle.
func (f *frame) band() {
	c := f.c
	if len(c.Lower) > 0 && len(c.Upper) > 0 {
		// A side that is open reaches the edge of the picture.
		known := func(i int) bool { return finite(c.Lower[i]) || finite(c.Upper[i]) }
		f.runs(known, func(first, last int) {
			var up, down []point
			for i := first; i <= last; i++ {
				x := f.x(float64(c.Times[i]))
				high, low := f.top, f.bottom
				if finite(c.Upper[i]) {
					high = f.y(float64(c.Upper[i]))
				}
				if finite(c.Lower[i]) {
					low = f.y(float64(c.Lower[i]))
				}
				up, down = append(up, point{x, high}), append(down, point{x, low})
			}
			f.between(up, down)
		})
		f.paint(shade)
	}
	if len(c.Expected) > 0 {
		f.runs(func(i int) bool { return finite(c.Expected[i]) }, func(first, last int) {
			f.stroke(f.path(c.Expected, first, last), 1.2)
		})
		f.paint(middle)
	}
}

func (f *frame) path(col []telemetry.Number, first, last int) []point {
	ps := make([]point, 0, last-first+1)
	for i := first; i <= last; i++ {
		ps = append(ps, point{f.x(float64(f.c.Times[i])), f.y(float64(col[i]))})
	}
	return ps
}

// series draws the line, red where it leaves the band or crosses the threshold,
// and a dot at its end.
func (f *frame) series() {
	c := f.c
	known := func(i int) bool { return finite(c.Values[i]) }
	gap := gapAfter(c.Times)
	f.runs(known, func(first, last int) { f.stroke(f.path(c.Values, first, last), 2) })
	f.paint(line)
	f.runs(func(i int) bool { return known(i) && f.outside(i) }, func(first, last int) {
		begin := first
		if first > 0 && known(first-1) && c.Times[first]-c.Times[first-1] <= gap {
			begin-- // the step that leads out is odd too
		}
		f.stroke(f.path(c.Values, begin, last), 2.4)
		if begin == last {
			f.dot(f.path(c.Values, first, last)[0], 2)
		}
	})
	f.paint(odd)
	for i := len(c.Values) - 1; i >= 0; i-- {
		if known(i) {
			col := line
			if f.outside(i) {
				col = odd
			}
			f.dot(f.path(c.Values, i, i)[0], 4)
			f.paint(col)
			break
		}
	}
}

func (f *frame) outside(i int) bool {
	c, v := f.c, float64(f.c.Values[i])
	if len(c.Upper) > 0 && finite(c.Upper[i]) && v > float64(c.Upper[i]) {
		return true
	}
	if len(c.Lower) > 0 && finite(c.Lower[i]) && v < float64(c.Lower[i]) {
		return true
	}
	return finite(c.Threshold) && (c.Below && v < float64(c.Threshold) || !c.Below && v > float64(c.Threshold))
}

// threshold draws the line of the rule, unless it is outside of the picture.
func (f *frame) threshold() {
	t := float64(f.c.Threshold)
	if !finite(f.c.Threshold) || t < f.values.low || t > f.values.high {
		return
	}
	y := math.Round(f.y(t)) + 0.5
	f.dashed(point{f.left, y}, point{f.right, y}, 1.4, 7, 4)
	f.paint(limit)
}

// marks draws vertical lines at changes, at the onset and at the end, each with
// its words above the plot where there is room.
func (f *frame) marks() {
	free := f.left
	for _, m := range f.c.Marks {
		at := float64(m.At.UnixMilli())
		if at < f.from || at > f.to {
			continue
		}
		col := map[notify.MarkKind]color.RGBA{notify.MarkOnset: began, notify.MarkResolved: ended}[m.Kind]
		if col == (color.RGBA{}) {
			col = marked
		}
		x := math.Round(f.x(at)) + 0.5
		f.dashed(point{x, f.top - 6}, point{x, f.bottom}, 1.4, 3, 3)
		f.paint(col)
		label := render.Line(m.Text)
		w := width(f.small, label)
		switch start := x - 2; {
		case start >= free && w <= f.right-start:
			free = start + f.text(f.small, label, start, f.top-10, left, col) + 10
		case w+10 <= x-free: // there is more room before the line
			f.text(f.small, label, x+2, f.top-10, right, col)
			free = x + 8
		case start >= free:
			if s := fit(f.small, label, f.right-start); width(f.small, s) > 30 {
				free = start + f.text(f.small, s, start, f.top-10, left, col) + 10
			}
		}
	}
}

// head writes the title and the legend.
func (f *frame) head() {
	c := f.c
	title := render.Line(c.Title)
	f.text(f.title, fit(f.title, title, Width*0.6), 16, 24, left, ink)
	x := float64(Width - 16)
	entry := func(s string, col color.RGBA, thick float64) {
		x -= f.text(f.small, s, x, 24, right, faint) + 7
		f.between([]point{{x - 16, 20 - thick/2}, {x, 20 - thick/2}}, []point{{x - 16, 20 + thick/2}, {x, 20 + thick/2}})
		f.paint(col)
		x -= 16 + 14
	}
	if finite(c.Threshold) {
		sign := "over "
		if c.Below {
			sign = "under "
		}
		entry("alert "+sign+render.Figure(float64(c.Threshold), c.Unit), limit, 2)
	}
	if len(c.Lower) > 0 {
		entry("expected", shade, 10)
	}
}

// Span returns a round length of time for a chart of an incident that began so
// long ago: enough to see before and after.
func Span(since time.Duration) time.Duration {
	for _, d := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		if since <= d/2 {
			return d
		}
	}
	return min(2*since, 7*24*time.Hour)
}
