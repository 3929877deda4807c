package detector_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// restless fills a bank with series of several natures up to sample n.
func restless(b *detector.Bank, from, to int, told func(detector.Verdict)) {
	names := []string{"noise", "season", "count_total", "constant", "few", "shift"}
	for i := range 300 {
		slot := b.Register(labels.FromStrings("__name__", names[i%len(names)], "i", strconv.Itoa(i)))
		for j := from; j < to; j++ {
			r := rand.New(rand.NewPCG(uint64(i), uint64(j)))
			x := r.NormFloat64()
			switch i % len(names) {
			case 1:
				x += 10 * math.Sin(float64(j)/40)
			case 2:
				x = float64(j*10) + r.Float64()
			case 3:
				x = 3
			case 4:
				x = math.Floor(r.ExpFloat64())
			case 5:
				if j > 250 {
					x += 30
				}
			}
			if r.IntN(150) == 0 {
				x += 40
			}
			if v, _ := b.Observe(slot, start+int64(j)*300_000, x); told != nil {
				told(v)
			}
		}
	}
}

func TestCheckpoint_RestoreThenContinue_AsIfNeverStopped(t *testing.T) {
	whole, first, second := newBank(t), newBank(t), newBank(t)
	restless(whole, 0, 320, nil)
	restless(first, 0, 320, nil)
	var file bytes.Buffer
	if err := first.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	if err := second.Restore(iotest.OneByteReader(&file)); err != nil {
		t.Fatal(err)
	}
	if second.Len() != first.Len() || second.Len() != 300 {
		t.Fatalf("got %d series after, %d before", second.Len(), first.Len())
	}
	var want []detector.Verdict
	restless(whole, 320, 420, func(v detector.Verdict) { want = append(want, v) })
	i, opened := 0, 0
	restless(second, 320, 420, func(got detector.Verdict) {
		if !same(got, want[i]) {
			t.Fatalf("verdict %d: got %+v, want %+v", i, got, want[i])
		}
		if got.Phase == detector.PhaseOpened {
			opened++
		}
		i++
	})
	if opened == 0 {
		t.Error("no episode opened: the comparison shows nothing")
	}
}

func TestRestore_UnusableBytes_ErrorAndBankStaysEmpty(t *testing.T) {
	full := newBank(t)
	restless(full, 0, 100, nil)
	var file bytes.Buffer
	if err := full.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	good := file.Bytes()
	damage := func(at int, x byte) []byte {
		bad := bytes.Clone(good)
		bad[at] ^= x
		return bad
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"empty":         {nil, "ends early"},
		"other file":    {bytes.Repeat([]byte("x"), 100), "does not begin with"},
		"newer version": {damage(8, 1), "version 13"},
		"older version": {damage(8, 5), "version 9 and this program reads versions 10 to 12"},
		"other layout":  {damage(12, 1), "states have"},
		"cut short":     {good[:len(good)/2], "ends early"},
		"flipped bit":   {damage(len(good)/2, 4), "checksum"},
		"longer":        {append(bytes.Clone(good), 0), "bytes follow"},
		"huge length":   {append(bytes.Clone(good[:24]), 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0), "damaged"},
		"large length":  {append(bytes.Clone(good[:24]), 0, 0, 0, 0x20, 0, 0, 0, 0), "ends early"},
		"flipped count": {damage(20, 1), "checksum"},
	} {
		b := newBank(t)
		err := b.Restore(bytes.NewReader(c.bytes))
		if !errors.Is(err, detector.ErrCheckpoint) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, c.want)
		}
		if b.Len() != 0 {
			t.Errorf("%s: got %d series loaded", name, b.Len())
		}
	}
	broken := errors.New("disk on fire")
	if err := newBank(t).Restore(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("reader's error: got %v", err)
	}
	if err := full.Restore(bytes.NewReader(good)); err == nil || !strings.Contains(err.Error(), "empty bank") {
		t.Errorf("into a full bank: got %v", err)
	}
	small := newBank(t, func(c *detector.Config) { c.MaxSeries = 10 })
	if err := small.Restore(bytes.NewReader(good)); err != nil || small.Len() != 10 {
		t.Errorf("into a smaller bank: got %v and %d series", err, small.Len())
	}
}

func TestCheckpoint_WriterFails_SaysSo(t *testing.T) {
	b := newBank(t)
	restless(b, 0, 2, nil)
	full := errors.New("no space")
	if err := b.Checkpoint(failing{full}); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzRestore(f *testing.F) {
	b := newBank(f)
	restless(b, 0, 2, nil)
	var file bytes.Buffer
	if err := b.Checkpoint(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes()[:2000])
	crowded := newBank(f)
	newCrowd(crowded).play(crowded, 0, 3)
	var histograms bytes.Buffer
	if err := crowded.Checkpoint(&histograms); err != nil {
		f.Fatal(err)
	}
	f.Add(histograms.Bytes()[:4000])
	f.Add([]byte("tocsinDT"))
	f.Fuzz(func(t *testing.T, p []byte) {
		b := newBank(t)
		if err := b.Restore(bytes.NewReader(p)); err != nil && b.Len() != 0 {
			t.Errorf("%d series after %v", b.Len(), err)
		}
	})
}

// crowded fills a bank with so many series of ten labels, 60 samples each.
func crowded(b *testing.B, n int) *detector.Bank {
	bank := newBank(b, func(c *detector.Config) { c.MaxSeries = n })
	for i := range n {
		target := strconv.Itoa(i / 500)
		slot := bank.Register(labels.FromStrings("__name__", "shop_queue_length_"+strconv.Itoa(i%500), "cluster", "eu-west-1-production",
			"container", "checkout-service", "endpoint", "http-metrics", "handler", "/api/v1/orders", "instance", "10.0.0."+target+":8080",
			"job", "shop/checkout-"+strconv.Itoa(i/500%20), "namespace", "shop", "pod", "checkout-7d9f8b6c5d-"+target, "region", "eu"))
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for j := range 60 {
			bank.Observe(slot, start+int64(j)*15_000, r.NormFloat64())
		}
	}
	return bank
}

func BenchmarkCheckpoint(b *testing.B) {
	const n = 200_000
	bank := crowded(b, n)
	var file bytes.Buffer
	if err := bank.Checkpoint(&file); err != nil {
		b.Fatal(err)
	}
	each := func(b *testing.B) { b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/series") }
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if err := bank.Checkpoint(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
		each(b)
		b.ReportMetric(float64(file.Len())/n, "B/series")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			if err := newBank(b, func(c *detector.Config) { c.MaxSeries = n }).Restore(bytes.NewReader(file.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
		each(b)
	})
}
