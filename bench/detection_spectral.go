package main

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// Parameters of the spectral residual, as published but for the window, which
// is short because every row is scored anew.
const (
	spectralWindow = 64 // a power of two
	spectralAhead  = 5  // points extrapolated, so that the newest is not at the edge
	spectralMean   = 3  // of the log amplitude
	spectralUsual  = 21 // of the saliency
)

// spectralResidual scores a row by "Time-Series Anomaly Detection Service at
// Microsoft" (H. Ren et al., KDD 2019, arXiv:1906.03821): what remains of the
// log-amplitude spectrum after smoothing, transformed back, is the saliency; the
// score is the newest saliency relative to its recent mean. It sees the last 59
// rows. Cost: two transforms of 64 points a row.
func spectralResidual(l *labelled) []float64 {
	out := make([]float64, len(l.samples))
	plan := newFourier(spectralWindow)
	const real = spectralWindow - spectralAhead
	var x [spectralWindow]complex128
	for i := real - 1; i < len(out); i++ {
		for j := range real {
			x[j] = complex(l.samples[i-real+1+j].V, 0)
		}
		// From the rows before the newest: a spike must not foretell itself.
		ahead := l.samples[i-spectralAhead].V
		for k := 1; k <= spectralAhead; k++ {
			ahead += (l.samples[i-1].V - l.samples[i-1-k].V) / float64(k)
		}
		for j := real; j < spectralWindow; j++ {
			x[j] = complex(ahead, 0)
		}
		out[i] = saliency(plan, x[:], real-1)
	}
	return out
}

// saliency overwrites x and returns the relative saliency of its element at.
func saliency(plan *fourier, x []complex128, at int) float64 {
	plan.forward(x)
	var amplitude [spectralWindow]float64
	for k := range x {
		amplitude[k] = math.Log(cmplx.Abs(x[k]) + 1e-8)
	}
	for k := range x {
		mean, n := 0.0, 0.0
		for j := max(0, k-spectralMean+1); j <= k; j++ {
			mean, n = mean+amplitude[j], n+1
		}
		// Divide by the amplitude to keep the phase alone.
		x[k] = cmplx.Conj(x[k] * complex(math.Exp(-mean/n), 0))
	}
	plan.forward(x) // of conjugates: the inverse up to a factor
	usual := 0.0
	for j := at - spectralUsual + 1; j <= at; j++ {
		usual += cmplx.Abs(x[j]) / spectralUsual
	}
	return (cmplx.Abs(x[at]) - usual) / (usual + 1e-9)
}

// fourier is a plan for transforms of one length, a power of two.
type fourier struct {
	turns   []complex128 // roots of unity
	reverse []int
}

func newFourier(n int) *fourier {
	f := &fourier{turns: make([]complex128, n/2), reverse: make([]int, n)}
	for k := range f.turns {
		f.turns[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/float64(n))
	}
	shift := bits.UintSize - bits.Len(uint(n-1))
	for i := range f.reverse {
		f.reverse[i] = int(bits.Reverse(uint(i)) >> shift)
	}
	return f
}

// forward transforms x in place (J. W. Cooley, J. W. Tukey, 1965,
// doi:10.1090/S0025-5718-1965-0178586-1).
func (f *fourier) forward(x []complex128) {
	for i, j := range f.reverse {
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < len(x); half *= 2 {
		stride := len(x) / (2 * half)
		for start := 0; start < len(x); start += 2 * half {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*f.turns[k*stride]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}
