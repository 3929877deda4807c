package logs

import (
	"context"

	"github.com/tocsinhq/tocsin/logs/segment"
)

// Volume calls found with how many records of each stream a query's time has, a part of
// them at a time, and about how many bytes of text: of a block each record counts as the
// mean one. It looks at the time and the streams of the query alone and reads no text.
func (s *Store) Volume(ctx context.Context, q Query, found func(stream *segment.Stream, rows int, bytes int64)) (Stats, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return Stats{}, err
	}
	defer done()
	x, err := s.snapshot(q.From, q.To)
	if err != nil {
		return Stats{}, err
	}
	defer x.close()
	st := Stats{Units: len(x.units)}
	p := newPlan(&Query{From: q.From, To: q.To, Stream: q.Stream})
	for _, u := range x.units {
		if err := ctx.Err(); err != nil {
			return st, err
		}
		var streams []segment.Stream
		rows, bytes := map[uint32]int{}, map[uint32]int64{}
		switch u := u.(type) {
		case *headUnit:
			streams = u.streams
			for i := range u.rows {
				if r := &u.rows[i]; p.wantsTime(r.at) {
					rows[r.stream]++
					bytes[r.stream] += int64(r.size)
				}
			}
		case *blockUnit:
			b, err := s.dec.OpenBlock(u.file.in, u.info.Offset, u.info.Size)
			if err != nil {
				return st, err
			}
			if streams, err = b.Streams(); err != nil {
				return st, err
			}
			mean := float64(u.info.Text) / float64(max(1, u.info.Rows))
			err = eachRow(b, func(_, _, _ int, at int64, _, stream uint32, _ byte, _ uint64) error {
				if p.wantsTime(at) {
					rows[stream]++
				}
				return nil
			})
			if err != nil {
				return st, err
			}
			for i, n := range rows {
				bytes[i] = int64(mean * float64(n))
			}
		}
		for i, n := range rows {
			if p.Stream == nil || p.Stream(&streams[i]) {
				found(&streams[i], n, bytes[i])
				st.Records += n
				st.Bytes += bytes[i]
			}
		}
	}
	return st, nil
}

// Usage is how much a store keeps.
type Usage struct {
	Records        int
	Segments       int
	Bytes          int64 // of segments, on disk
	Memory         int64 // of records that are not sealed
	Oldest, Newest int64 // nanoseconds since the Unix epoch; of nothing if there are no records
}

// Usage returns how much the store keeps now.
func (s *Store) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := Usage{Segments: len(s.files), Oldest: 1<<63 - 1, Newest: -1 << 63}
	for _, f := range s.files {
		u.Records += f.rows
		u.Bytes += f.size
		u.Oldest, u.Newest = min(u.Oldest, f.oldest), max(u.Newest, f.newest)
	}
	for _, h := range append(s.sealing[:len(s.sealing):len(s.sealing)], s.active) {
		u.Records += len(h.rows)
		u.Memory += h.bytes
		u.Oldest, u.Newest = min(u.Oldest, h.oldest), max(u.Newest, h.newest)
	}
	return u
}
