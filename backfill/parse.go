package backfill

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/tocsinhq/tocsin/telemetry"
)

// stretchMost is how many samples of one series are handed on at once.
const stretchMost = 4096

// takeError is an error of who takes the samples, not of the text.
type takeError struct{ error }

func (e takeError) Unwrap() error { return e.error }

// parse reads whole lines, without # EOF, and hands over the samples, those of one
// series together as long as its lines follow each other.
func (t *Text) parse(text []byte, take func(Stretch) error) error {
	symbols := labels.NewSymbolTable()
	var p textparse.Parser
	if t.o.Format == OpenMetrics {
		p = textparse.NewOpenMetricsParser(append(bytes.Clone(text), "# EOF\n"...), symbols)
	} else {
		p = textparse.NewPromParser(text, symbols, false)
	}
	latest := t.o.Newest.UnixMilli()
	var now Stretch
	var named []byte // the series as the text writes it
	hand := func() error {
		if len(now.Floats) == 0 {
			return nil
		}
		err := take(now)
		now.Floats = now.Floats[:0]
		if err != nil {
			return takeError{err}
		}
		return nil
	}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return hand()
		}
		if err != nil {
			return err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		series, at, v := p.Series()
		switch {
		case at == nil:
			return errors.New("want a time after the value of each sample; without one it cannot be told when it was")
		case *at > latest:
			return fmt.Errorf("time %s lies in the future; %s", stamp(*at), t.unit())
		}
		if !bytes.Equal(series, named) || len(now.Floats) == stretchMost {
			if err := hand(); err != nil {
				return err
			}
			named = series
			p.Labels(&now.Labels)
			now.Labels = now.Labels.WithoutEmpty() // which are as good as none
			if name, twice := now.Labels.HasDuplicateLabelNames(); twice {
				return fmt.Errorf("want each label once, got %s twice", name)
			}
		}
		now.Floats = append(now.Floats, telemetry.Sample{T: *at, V: v})
		var e exemplar.Exemplar
		if p.Exemplar(&e) {
			t.skipped["exemplars"]++
		}
	}
}

func (t *Text) unit() string {
	if t.o.Format == OpenMetrics {
		return "OpenMetrics has seconds, and --format=prometheus milliseconds"
	}
	return "the Prometheus text format has milliseconds, and OpenMetrics, which --format=openmetrics reads, seconds"
}
