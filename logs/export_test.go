package logs

// SetFree makes the store believe that so much of its disk is free.
func (s *Store) SetFree(free func() uint64) {
	s.disk.Free = func(string) (uint64, uint64, error) { return free(), 1 << 40, nil }
}
