package logs

// (temporary)
type ForwardConfig struct{}
type RemoteConfig struct{}

func DefaultForwardConfig() ForwardConfig                             { return ForwardConfig{} }
func DefaultRemoteConfig() RemoteConfig                               { return RemoteConfig{} }
func (ForwardConfig) validate(func(path, format string, args ...any)) {}
func (RemoteConfig) validate(func(path, format string, args ...any))  {}

type forwardMark struct{}

func (s *Store) lastForwarded() uint64       { return 0 }
func (s *Store) releaseLog(seq uint64) error { return removeLog(s.walPath(seq)) }
