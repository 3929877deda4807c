package store

// What follows are figures of the samples in memory. While the store is being opened
// again they are those of before.

// NumSeries returns how many series are in memory.
func (d *DB) NumSeries() uint64 { return d.last.Load().numSeries() }

// NumStaleSeries returns how many of them have ended with a staleness marker. It looks
// at each series.
func (d *DB) NumStaleSeries() uint64 {
	g := d.last.Load()
	return g.base.Head().NumStaleSeries() + uint64(g.head.NumStale())
}

// samplesToCome returns the bytes that samples of series in memory are going to take yet.
func (d *DB) samplesToCome() int64 {
	return d.last.Load().head.SamplesToCome() + d.youth.toCome(d.o.now())
}

// MinTime returns the time of the oldest sample in memory in milliseconds, or
// math.MaxInt64 while there is none.
func (d *DB) MinTime() int64 { return d.last.Load().minTime() }

// MaxTime returns the time of the newest sample in milliseconds, or math.MinInt64
// while there is none.
func (d *DB) MaxTime() int64 { return d.last.Load().maxTime() }

// MemorySize returns the bytes on disk of what is in memory: logs and files of chunks.
func (d *DB) MemorySize() int64 {
	g := d.last.Load()
	return g.base.Head().Size() + g.head.Size()
}
