package demo

import (
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// Block collects samples for one remote write request. The zero value is ready
// for use. It is owned by one goroutine.
type Block struct {
	series  []prompb.TimeSeries
	samples int
	raw     []byte
}

// Len returns the number of samples collected since the last Reset.
func (b *Block) Len() int { return b.samples }

// Reset drops the samples and keeps the memory.
func (b *Block) Reset() {
	for i := range b.series {
		b.series[i].Samples = b.series[i].Samples[:0]
	}
	b.samples = 0
}

// add appends one value of every line at t, in milliseconds. A block belongs to
// the shop that fills it first.
func (b *Block) add(lines []line, t int64) {
	if b.series == nil {
		b.series = make([]prompb.TimeSeries, len(lines))
		for i := range lines {
			b.series[i].Labels = lines[i].labels
		}
	}
	for i := range lines {
		s := &b.series[i]
		s.Samples = append(s.Samples, prompb.Sample{Timestamp: t, Value: lines[i].value})
	}
	b.samples += len(lines)
}

// Request returns the block as a remote write 1.0 request. It shares the
// block's memory and is valid until the next Reset.
func (b *Block) Request() *prompb.WriteRequest {
	return &prompb.WriteRequest{Timeseries: b.series}
}

// Encode returns the request body: protobuf, compressed with snappy. The bytes
// are the caller's.
func (b *Block) Encode() ([]byte, error) {
	req := b.Request()
	n := req.Size()
	if cap(b.raw) < n {
		b.raw = make([]byte, n+n/4)
	}
	n, err := req.MarshalToSizedBuffer(b.raw[:n])
	if err != nil {
		return nil, err
	}
	return snappy.Encode(nil, b.raw[:n]), nil
}
