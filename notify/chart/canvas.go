package chart

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// point is a place in the picture, in pixels.
type point struct{ x, y float64 }

// canvas is a picture being drawn. Shapes are gathered in a mask of how far each
// pixel is covered and painted together, so that where parts of one shape meet,
// nothing is painted twice.
type canvas struct {
	img   *image.RGBA
	w, h  int
	mask  []uint8
	dirty image.Rectangle
}

func newCanvas(w, h int) *canvas {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, w, h)), w: w, h: h, mask: make([]uint8, w*h)}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	return c
}

// cover notes that a pixel is covered by a share in [0, 1], if not by more already.
func (c *canvas) cover(x, y int, share float64) {
	if v := uint8(share*255 + 0.5); v > c.mask[y*c.w+x] {
		c.mask[y*c.w+x] = v
	}
}

// touch widens what paint looks at and returns the part that lies in the picture.
func (c *canvas) touch(x0, y0, x1, y1 float64) image.Rectangle {
	clip := func(v float64, most int) int { return int(min(max(v, 0), float64(most))) }
	r := image.Rect(clip(math.Floor(x0), c.w), clip(math.Floor(y0), c.h), clip(math.Ceil(x1), c.w), clip(math.Ceil(y1), c.h))
	c.dirty = c.dirty.Union(r)
	return r
}

// paint fills what was gathered since the last call.
func (c *canvas) paint(col color.RGBA) {
	for y := c.dirty.Min.Y; y < c.dirty.Max.Y; y++ {
		for x := c.dirty.Min.X; x < c.dirty.Max.X; x++ {
			a := uint32(c.mask[y*c.w+x])
			if a == 0 {
				continue
			}
			c.mask[y*c.w+x] = 0
			p := c.img.Pix[c.img.PixOffset(x, y):]
			for i, v := range [3]uint8{col.R, col.G, col.B} {
				p[i] = uint8((uint32(v)*a + uint32(p[i])*(255-a) + 127) / 255)
			}
		}
	}
	c.dirty = image.Rectangle{}
}

// stroke adds a line of a width with round ends and joints: a pixel is covered by
// how near its middle is to the line.
func (c *canvas) stroke(ps []point, width float64) {
	r := width / 2
	for i := 1; i < len(ps); i++ {
		a, b := ps[i-1], ps[i]
		dx, dy := b.x-a.x, b.y-a.y
		l2 := dx*dx + dy*dy
		box := c.touch(min(a.x, b.x)-r-1, min(a.y, b.y)-r-1, max(a.x, b.x)+r+1, max(a.y, b.y)+r+1)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			for x := box.Min.X; x < box.Max.X; x++ {
				px, py := float64(x)+0.5-a.x, float64(y)+0.5-a.y
				t := 0.0
				if l2 > 0 {
					t = min(max((px*dx+py*dy)/l2, 0), 1)
				}
				if near := r + 0.5 - math.Hypot(px-t*dx, py-t*dy); near > 0 {
					c.cover(x, y, min(near, 1))
				}
			}
		}
	}
}

// dot adds a disc.
func (c *canvas) dot(p point, r float64) { c.stroke([]point{p, p}, 2*r) }

// between adds what lies between two lines over the same rising x.
func (c *canvas) between(top, bottom []point) {
	for i := 1; i < len(top); i++ {
		a, b, d, e := top[i-1], top[i], bottom[i-1], bottom[i]
		box := c.touch(a.x, min(a.y, b.y)-1, b.x+1, max(d.y, e.y)+1)
		for x := box.Min.X; x < box.Max.X; x++ {
			t := 0.0
			if b.x > a.x {
				t = min(max((float64(x)+0.5-a.x)/(b.x-a.x), 0), 1)
			}
			high, low := a.y+t*(b.y-a.y), d.y+t*(e.y-d.y)
			for y := box.Min.Y; y < box.Max.Y; y++ {
				if share := min(low, float64(y)+1) - max(high, float64(y)); share > 0 {
					c.cover(x, y, share)
				}
			}
		}
	}
}

// dashed adds a straight line in dashes.
func (c *canvas) dashed(a, b point, width, on, off float64) {
	l := math.Hypot(b.x-a.x, b.y-a.y)
	if l == 0 {
		return
	}
	ux, uy := (b.x-a.x)/l, (b.y-a.y)/l
	for at := 0.0; at < l; at += on + off {
		end := min(at+on, l)
		c.stroke([]point{{a.x + ux*at, a.y + uy*at}, {a.x + ux*end, a.y + uy*end}}, width)
	}
}

// fonts reads the two fonts once, when the first picture is drawn.
var fonts = sync.OnceValues(func() ([2]*opentype.Font, error) {
	var out [2]*opentype.Font
	for i, ttf := range [][]byte{goregular.TTF, gobold.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			return out, err
		}
		out[i] = f
	}
	return out, nil
})

// faces are the sizes of letters in use. A face must not be shared.
type faces struct{ small, title font.Face }

func newFaces() (faces, error) {
	fs, err := fonts()
	if err != nil {
		return faces{}, err
	}
	var out faces
	if out.small, err = opentype.NewFace(fs[0], &opentype.FaceOptions{Size: 12, DPI: 72, Hinting: font.HintingFull}); err != nil {
		return faces{}, err
	}
	out.title, err = opentype.NewFace(fs[1], &opentype.FaceOptions{Size: 14, DPI: 72, Hinting: font.HintingFull})
	return out, err
}

// align says which side of a text its x is.
type align int

const (
	left align = iota
	right
	center
)

// text writes s with its base line at y and returns its width.
func (c *canvas) text(f font.Face, s string, x, y float64, a align, col color.Color) float64 {
	w := width(f, s)
	switch a {
	case right:
		x -= w
	case center:
		x -= w / 2
	}
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: f, Dot: fixed.P(int(math.Round(x)), int(math.Round(y)))}
	d.DrawString(s)
	return w
}

func width(f font.Face, s string) float64 { return float64(font.MeasureString(f, s)) / 64 }

// fit shortens s until it is no wider than most.
func fit(f font.Face, s string, most float64) string {
	if width(f, s) <= most {
		return s
	}
	runes := []rune(s)
	low, high := 0, len(runes)
	for low < high { // the longest beginning that fits with an ellipsis
		mid := (low + high + 1) / 2
		if width(f, string(runes[:mid])+"…") <= most {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return ""
	}
	return string(runes[:low]) + "…"
}
