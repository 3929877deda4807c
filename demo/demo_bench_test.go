package demo_test

import (
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/demo"
)

// BenchmarkShop_Sample is one step of the shop: a sample of every series.
func BenchmarkShop_Sample(b *testing.B) {
	s, err := demo.NewShop(demo.Options{Seed: 1, Start: noon})
	if err != nil {
		b.Fatal(err)
	}
	var block demo.Block
	at := noon
	for b.Loop() {
		if err := s.Sample(at, &block); err != nil {
			b.Fatal(err)
		}
		if at = at.Add(5 * time.Second); block.Len() > 30_000 {
			if _, err := block.Encode(); err != nil {
				b.Fatal(err)
			}
			block.Reset()
		}
	}
}
