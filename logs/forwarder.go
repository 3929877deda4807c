package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/internal/disk"
	"github.com/tocsinhq/tocsin/logs/wal"
	"github.com/tocsinhq/tocsin/logs/wire"
)

const (
	// sendBytes is about how much text one request has.
	sendBytes = 1 << 20
	// Waits after a request that went wrong.
	firstRetry = time.Second
	lastRetry  = time.Minute
)

func (s *Store) queueDir() string { return filepath.Join(s.dir, "forward") }
func (s *Store) queuePath(seq uint64) string {
	return filepath.Join(s.queueDir(), fmt.Sprintf("%012d.wal", seq))
}

// queued returns the numbers of the logs that are sealed and wait to be sent on.
func (s *Store) queued() ([]uint64, error) { return logsIn(s.queueDir()) }

// releaseLog removes the log of a head that is sealed, or puts it into the queue of those
// that are sent on. Either way it no longer stands for records that are not sealed.
func (s *Store) releaseLog(seq uint64) error {
	if s.cfg.Forward.URL == "" {
		return removeLog(s.walPath(seq))
	}
	if err := os.Rename(s.walPath(seq), s.queuePath(seq)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncFolder(s.queueDir())
}

// place is how far the records were sent: in which log, up to which byte.
type place struct {
	seq uint64
	at  int64
}

// sender speaks the protocol of another store. It returns nil when all records are
// there, an error that wraps errRefused if none of them ever will be, else one for
// which it is tried again. The place makes names for records that are the same each time.
type sender interface {
	send(ctx context.Context, from place, records []outgoing) error
}

var errRefused = errors.New("refused by the other store")

// forward sends everything in the logs to the other store, until ctx ends. After a
// crash it sends again what was sent within the last request.
func (s *Store) forward(ctx context.Context) {
	if s.cfg.Forward.URL == "" {
		s.dropQueue()
		return
	}
	to := newSender(s.cfg.Forward)
	at, err := s.readPlace()
	if err != nil {
		s.log.Error("it is not known how far log records were sent on; all that wait are sent", "error", err)
	}
	for ctx.Err() == nil {
		moved, err := s.forwardOnce(ctx, to, &at)
		if err != nil && ctx.Err() == nil {
			s.log.Error("log records cannot be sent on", "error", err)
			moved = false
		}
		if moved {
			continue
		}
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		select { // records that come together are sent together
		case <-ctx.Done():
		case <-time.After(time.Second):
			select {
			case <-ctx.Done():
			case <-changed:
			case <-time.After(5 * time.Second): // a file may have been put into the queue
			}
		}
	}
}

// forwardOnce sends the next records after a place and moves it on; false if there are none.
func (s *Store) forwardOnce(ctx context.Context, to sender, at *place) (moved bool, err error) {
	if err := s.trimQueue(at); err != nil {
		return false, err
	}
	queue, err := s.queued()
	if err != nil {
		return false, err
	}
	open, err := s.listLogs()
	if err != nil {
		return false, err
	}
	all := append(queue, open...)
	slices.Sort(all)
	all = slices.Compact(all)
	i := slices.IndexFunc(all, func(seq uint64) bool { return seq >= at.seq })
	if i < 0 {
		return false, nil
	}
	if all[i] != at.seq {
		*at = place{seq: all[i]}
	}
	data, size, err := s.readQueue(at)
	if err != nil {
		return false, err
	}
	if len(data) == 0 {
		if i == len(all)-1 {
			return false, nil // the newest one, which may grow
		}
		*at = place{seq: all[i+1]}
		return true, s.writePlace(*at)
	}
	records, n, damaged := takeRecords(data)
	if damaged > 0 {
		s.metrics.notForwarded("damaged", damaged)
	}
	if n == 0 {
		if i == len(all)-1 {
			return false, nil // a frame that is being written
		}
		n = int(size - at.at) // torn at its end
	}
	if err := s.deliver(ctx, to, *at, records); err != nil {
		return false, err
	}
	at.at += int64(n)
	return true, s.writePlace(*at)
}

// readQueue reads the next bytes of the log at a place, wherever it is now.
func (s *Store) readQueue(at *place) (data []byte, size int64, err error) {
	f, err := os.Open(s.queuePath(at.seq))
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(s.walPath(at.seq))
	}
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(s.queuePath(at.seq)) // it was moved in between
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	data = make([]byte, max(0, min(info.Size()-at.at, wal.MaxPayload+64)))
	n, err := f.ReadAt(data, at.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	return data[:n], info.Size(), nil
}

// takeRecords reads whole frames from the front of data, about sendBytes of them, and
// returns how many bytes they are, damaged ones included.
func takeRecords(data []byte) (records []outgoing, n, damaged int) {
	size := 0
	for n < len(data) && size < sendBytes {
		packed, length := wal.Next(data[n:])
		if length == 0 {
			skip := wal.Skip(data[n:])
			if skip < 0 {
				return records, n, damaged
			}
			damaged++
			n += skip
			continue
		}
		n += length
		payload, err := unpacked(packed)
		if err != nil {
			damaged++
			continue
		}
		size += len(payload)
		records = appendOutgoing(records, payload)
	}
	return records, n, damaged
}

// deliver sends until the other store has the records, or refuses them.
func (s *Store) deliver(ctx context.Context, to sender, from place, records []outgoing) error {
	if len(records) == 0 {
		return nil
	}
	wait := firstRetry
	for {
		try, cancel := context.WithTimeout(ctx, s.cfg.Forward.Timeout.Std())
		err := to.send(try, from, records)
		cancel()
		var partly *partlyRefused
		switch {
		case errors.As(err, &partly):
			s.metrics.forwarded.Add(len(records) - partly.n)
			s.metrics.notForwarded("refused", partly.n)
			s.log.Error("the other log store refuses some records; they stay here", "records", partly.n, "error", err)
			return nil
		case err == nil:
			s.metrics.forwarded.Add(len(records))
			return nil
		case errors.Is(err, errRefused):
			s.metrics.notForwarded("refused", len(records))
			s.log.Error("the other log store refuses records; they stay here", "records", len(records), "error", err)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.metrics.sendErrors.Inc()
		s.log.Warn("log records could not be sent on; trying again", "error", err, "wait", wait)
		at := from
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
		if err := s.trimQueue(&at); err != nil {
			return err
		}
		if at != from {
			return nil // they were given up
		}
		wait = min(2*wait, lastRetry)
	}
}

// trimQueue deletes logs that were sent, and the oldest of those that were not while the
// queue is larger than it may be.
func (s *Store) trimQueue(at *place) error {
	queue, err := s.queued()
	if err != nil {
		return err
	}
	total := int64(0)
	sizes := make([]int64, len(queue))
	for i, seq := range queue {
		info, err := os.Stat(s.queuePath(seq))
		if err != nil {
			return err
		}
		sizes[i] = info.Size()
		total += sizes[i]
	}
	for i, seq := range queue {
		if seq >= at.seq && total <= int64(s.cfg.Forward.MaxQueue) {
			break
		}
		if seq >= at.seq {
			n, err := countQueued(s.queuePath(seq), seq == at.seq, at.at)
			if err != nil {
				return err
			}
			s.metrics.notForwarded("queue_full", n)
			s.log.Warn("the queue of log records to be sent on is full; the oldest are dropped from it and stay here", "records", n)
			*at = place{seq: seq + 1}
		}
		total -= sizes[i]
		if err := os.Remove(s.queuePath(seq)); err != nil {
			return err
		}
	}
	return nil
}

// countQueued counts the records of a log, of the one that is being sent those left.
func countQueued(path string, current bool, from int64) (n int, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	if current {
		data = data[min(from, int64(len(data))):]
	}
	_, err = wal.Scan(data, func(packed []byte, _ int64) error {
		if payload, err := unpacked(packed); err == nil {
			_, _, count := payloadHead(&wire.Reader{B: payload})
			n += count
		}
		return nil
	})
	return n, err
}

// dropQueue deletes what waits to be sent when nothing is sent any more.
func (s *Store) dropQueue() {
	queue, err := s.queued()
	for _, seq := range queue {
		err = errors.Join(err, os.Remove(s.queuePath(seq)))
	}
	if err = errors.Join(err, removeLog(s.placePath())); err != nil {
		s.log.Error("the queue of log records to be sent on could not be emptied", "error", err)
	}
}

func (s *Store) placePath() string { return filepath.Join(s.queueDir(), "place") }

func (s *Store) readPlace() (at place, err error) {
	text, err := os.ReadFile(s.placePath())
	if errors.Is(err, fs.ErrNotExist) {
		return at, nil
	}
	if err == nil {
		_, err = fmt.Sscanf(string(text), "%d %d\n", &at.seq, &at.at)
	}
	if err != nil {
		return place{}, fmt.Errorf("read %q: %w", s.placePath(), err)
	}
	return at, nil
}

func (s *Store) writePlace(at place) error {
	tmp := s.placePath() + tmpSuffix
	if err := os.WriteFile(tmp, fmt.Appendf(nil, "%d %d\n", at.seq, at.at), 0o640); err != nil {
		return err
	}
	return os.Rename(tmp, s.placePath())
}
