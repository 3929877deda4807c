package chart_test

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/telemetry"
)

var rewrite = flag.Bool("rewrite", false, "write the golden pictures anew")

var (
	onset = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	nan   = telemetry.Number(math.NaN())
)

// pictures are the charts whose looks are kept.
func pictures() map[string]*notify.Chart {
	open := sample.Chart(onset, onset.Add(4*time.Minute))
	over := sample.Chart(onset, onset.Add(22*time.Minute))
	over.Marks = append(over.Marks, notify.ChartMark{At: onset.Add(16 * time.Minute), Kind: notify.MarkResolved, Text: "resolved"})
	over.Zone = "Asia/Kathmandu" // three quarters of an hour off

	gaps := &notify.Chart{
		Title: "memory of cart", Unit: telemetry.UnitBytes, From: onset, To: onset.Add(6 * time.Hour), Threshold: nan,
		Zone: "America/New_York",
	}
	for i := range 120 {
		v := telemetry.Number(3e9 + 2e7*float64(i%17) - 1e7*float64(i%5))
		if i > 60 && i < 66 {
			v = nan
		}
		t := onset.Add(time.Duration(i) * 3 * time.Minute)
		if i > 90 {
			t = t.Add(20 * time.Minute)
		}
		if t.After(gaps.To) {
			break
		}
		gaps.Times, gaps.Values = append(gaps.Times, t.UnixMilli()), append(gaps.Values, v)
	}

	low := &notify.Chart{
		Title: "request_rate of a service with a long name that does not fit into the width that a title may have " + string(make([]byte, 3)),
		Unit:  telemetry.UnitPerSecond, From: onset.Add(-time.Hour), To: onset.Add(10 * time.Minute), Threshold: 20, Below: true,
	}
	for i := range 141 {
		t := low.From.Add(time.Duration(i) * 30 * time.Second)
		v := 100 + 10*math.Sin(float64(i)/9)
		if t.After(onset) {
			v = 4
		}
		low.Times, low.Values = append(low.Times, t.UnixMilli()), append(low.Values, telemetry.Number(v))
		low.Upper, low.Lower = append(low.Upper, nan), append(low.Lower, 80) // open above
	}
	for i := range 6 {
		low.Marks = append(low.Marks, notify.ChartMark{At: onset.Add(time.Duration(i-5) * time.Minute), Kind: notify.MarkChange, Text: "config of request_rate"})
	}
	flat := &notify.Chart{Title: "up of cart", From: onset, To: onset.Add(5 * time.Minute), Threshold: nan}
	for i := range 11 {
		flat.Times, flat.Values = append(flat.Times, onset.Add(time.Duration(i)*30*time.Second).UnixMilli()), append(flat.Values, 0)
	}
	return map[string]*notify.Chart{"open": open, "resolved": over, "gaps": gaps, "low": low, "flat": flat}
}

// TestPNG_Golden compares pictures with those that were looked at. Another
// release of a font or of the rasterizer may shift edges by a little: up to one
// pixel in two hundred may differ visibly.
func TestPNG_Golden(t *testing.T) {
	for name, c := range pictures() {
		t.Run(name, func(t *testing.T) {
			b, err := chart.PNG(c)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > 60<<10 {
				t.Errorf("%d bytes, want at most 60 KiB", len(b))
			}
			file := filepath.Join("testdata", name+".png")
			if *rewrite {
				if err := os.WriteFile(file, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, golden := decode(t, b), decode(t, want)
			if got.Bounds() != golden.Bounds() {
				t.Fatalf("size %v, want %v", got.Bounds(), golden.Bounds())
			}
			if share := differing(got, golden); share > 0.005 {
				t.Errorf("%.2f%% of the pixels differ from %s", share*100, file)
			}
		})
	}
}

func decode(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// differing is the share of pixels of which a channel differs by more than a sixth.
func differing(a, b image.Image) float64 {
	n := 0
	r := a.Bounds()
	far := func(x, y uint32) bool { return max(x, y)-min(x, y) > 0xffff/6 }
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			if far(ar, br) || far(ag, bg) || far(ab, bb) {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

func TestPNG_SameChart_SameBytes(t *testing.T) {
	c := pictures()["open"]
	a, err := chart.PNG(c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := chart.PNG(c)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("two pictures of one chart differ (%v)", err)
	}
}

func TestPNG_NothingToDraw_IsAnError(t *testing.T) {
	f := func(name string, change func(c *notify.Chart)) {
		t.Helper()
		c := sample.Chart(onset, onset.Add(4*time.Minute))
		change(c)
		if _, err := chart.PNG(c); !errors.Is(err, chart.ErrNothing) {
			t.Errorf("%s: err = %v, want ErrNothing", name, err)
		}
	}
	f("one point", func(c *notify.Chart) {
		c.Times, c.Values, c.Expected, c.Lower, c.Upper = c.Times[:1], c.Values[:1], nil, nil, nil
	})
	f("columns of two lengths", func(c *notify.Chart) { c.Values = c.Values[1:] })
	f("no time", func(c *notify.Chart) { c.To = c.From })
	f("times that go back", func(c *notify.Chart) { c.Times[3] = c.Times[1] })
	f("nothing known", func(c *notify.Chart) {
		for i := range c.Values {
			c.Values[i] = nan
		}
	})
	f("too many points", func(c *notify.Chart) {
		c.Times, c.Values, c.Expected, c.Lower, c.Upper = make([]int64, notify.MaxChartPoints+1), make([]telemetry.Number, notify.MaxChartPoints+1), nil, nil, nil
		for i := range c.Times {
			c.Times[i] = int64(i)
		}
	})
	if _, err := chart.PNG(nil); !errors.Is(err, chart.ErrNothing) {
		t.Errorf("nil: err = %v, want ErrNothing", err)
	}
}

// FuzzPNG draws charts of any numbers: a picture or an error, never a panic.
func FuzzPNG(f *testing.F) {
	f.Add("ratio", 0.1, 0.2, math.NaN(), 5.0, int64(0), int64(3600000), "mark")
	f.Add("bytes", math.MaxFloat64, -math.MaxFloat64, 0.0, math.Inf(1), int64(-1), int64(1), "")
	f.Add("seconds", 1e-300, 2e-300, -1e-300, 1e9, int64(1e12), int64(1e15), "\x00é")
	f.Add("", 1e308, 1.1e308, 1e308, 1e308, int64(math.MinInt64/4), int64(math.MaxInt64/4), "x")
	f.Fuzz(func(t *testing.T, unit string, a, b, c, threshold float64, from, to int64, text string) {
		n := func(v float64) telemetry.Number { return telemetry.Number(v) }
		times := []int64{from, from/2 + to/2, to}
		x := &notify.Chart{
			Title: text, Unit: unit, From: time.UnixMilli(from), To: time.UnixMilli(to), Times: times,
			Values: []telemetry.Number{n(a), n(b), n(c)}, Expected: []telemetry.Number{n(b), n(c), n(a)},
			Lower: []telemetry.Number{n(c), n(a), n(b)}, Upper: []telemetry.Number{n(a), n(a), n(c)}, Threshold: n(threshold),
			Marks: []notify.ChartMark{{At: time.UnixMilli(from/2 + to/2), Kind: notify.MarkKind(text), Text: text}},
		}
		png, err := chart.PNG(x)
		if (err == nil) != x.Drawable() || (err == nil && len(png) == 0) {
			t.Errorf("PNG = %d bytes, %v; drawable: %v", len(png), err, x.Drawable())
		}
	})
}

func BenchmarkPNG(b *testing.B) {
	c := sample.Chart(onset, onset.Add(22*time.Minute))
	for b.Loop() {
		if _, err := chart.PNG(c); err != nil {
			b.Fatal(err)
		}
	}
}
