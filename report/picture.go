package report

import (
	"fmt"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
)

// maxPictures bounds the charts of a report.
const maxPictures = 6

// pictures draws the charts as messages show them; what cannot be drawn is left out.
func pictures(list []*notify.Chart) []Picture {
	out := []Picture{}
	for _, c := range list {
		if len(out) == maxPictures {
			break
		}
		if png, err := chart.PNG(c); err == nil {
			out = append(out, Picture{File: fmt.Sprintf("chart-%d.png", len(out)+1), Title: c.Title, PNG: png})
		}
	}
	return out
}
