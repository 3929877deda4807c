package journald

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/position"
)

// Times of following.
const (
	quiet      = 100 * time.Millisecond // without news what came is stored
	gather     = time.Second            // at the latest
	restart    = time.Second
	restartMax = time.Minute
	killAfter  = 3 * time.Second
)

// Follower reads the journal of this machine as long as it runs.
type Follower struct {
	*ingest.LogReceiver
	config    Config
	positions *position.Store
}

// NewFollower returns a follower. It starts nothing; see Run.
func NewFollower(o ingest.LogOptions, c Config, p *position.Store) *Follower {
	return &Follower{LogReceiver: ingest.NewLogReceiver("journal", o), config: c, positions: p}
}

const journalSource = "journal/local"

// Run runs journalctl, from behind the last entry that is stored, and again when it ends, until
// ctx ends. An error is that of the state database.
func (f *Follower) Run(ctx context.Context) error {
	for wait := restart; ctx.Err() == nil; wait = min(2*wait, restartMax) {
		begun := f.Now()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var state *stateError
		if errors.As(err, &state) {
			return err
		}
		f.Refused(ingest.Refuse(503, "journalctl", "journalctl ended: %v; it is started again", err), f.config.Command)
		if f.Now().Sub(begun) > restartMax {
			wait = restart
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	return nil
}

// stateError is one of the state database, without which nothing can be remembered.
type stateError struct{ err error }

func (e *stateError) Error() string { return e.err.Error() }
func (e *stateError) Unwrap() error { return e.err }

// arguments are those of journalctl.
func (f *Follower) arguments(cursor string) []string {
	args := []string{"--output=export", "--follow", "--no-pager", "--quiet", "--all"}
	if f.config.Directory != "" {
		args = append(args, "--directory="+f.config.Directory)
	}
	for _, u := range f.config.Units {
		args = append(args, "--unit="+u)
	}
	if cursor != "" {
		return append(args, "--lines=all", "--after-cursor="+cursor)
	}
	return append(args, "--lines=all", "--since=@"+strconv.FormatInt(f.Now().Add(-f.config.Since.Std()).Unix(), 10))
}

// follow runs journalctl once.
func (f *Follower) follow(ctx context.Context) error {
	saved, err := f.positions.All(ctx, journalSource)
	if err != nil {
		return &stateError{err}
	}
	cursor := ""
	if len(saved) > 0 {
		cursor = saved[0].Cursor
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, f.config.Command, f.arguments(cursor)...)
	cmd.WaitDelay = killAfter
	var said bytes.Buffer
	cmd.Stderr = &limited{to: &said}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run %s: %w", f.config.Command, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run %s: %w", f.config.Command, err)
	}
	err = f.read(ctx, out)
	stop()
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if text := strings.TrimSpace(said.String()); text != "" {
		err = fmt.Errorf("%w: %s", orEnded(err), text)
	}
	return err
}

func orEnded(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// limited keeps the first bytes of what is written to it.
type limited struct{ to *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := 1000 - l.to.Len(); room > 0 {
		l.to.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// read stores what journalctl prints: what came when it has been quiet for a moment, so that
// the lines of a stack trace are together, and each second at the latest.
func (f *Follower) read(ctx context.Context, out io.Reader) error {
	pieces, failed := make(chan []byte), make(chan error, 1)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, chunkBytes)
			n, err := out.Read(buf)
			if n > 0 {
				select {
				case pieces <- buf[:n]:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	d := new(Decoder)
	var waiting []byte
	var since time.Time
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for {
		select {
		case p, ok := <-pieces:
			if !ok {
				return f.last(ctx, d, waiting, failed)
			}
			if len(waiting) == 0 {
				since = f.Now()
			}
			waiting = append(waiting, p...)
			if len(waiting) < maxField && f.Now().Sub(since) < gather {
				timer.Reset(quiet)
				continue
			}
		case <-timer.C:
		}
		if len(waiting) > 0 {
			if err := f.store(ctx, d, waiting); err != nil {
				return err
			}
			waiting = waiting[:0]
		}
	}
}

// last stores what was read before the end.
func (f *Follower) last(ctx context.Context, d *Decoder, waiting []byte, failed chan error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
	defer cancel()
	err := f.store(ctx, d, waiting)
	select {
	case read := <-failed:
		if err == nil && !errors.Is(read, io.EOF) {
			err = read
		}
	default:
	}
	return err
}

// store stores the entries that are whole, and then their place.
func (f *Follower) store(ctx context.Context, d *Decoder, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	before := d.Cursor()
	f.Took(len(text), len(text))
	report := f.Take(ctx, ingest.LogTake{Source: "journal", Size: len(text), Join: true, Patient: true, Decode: func(s *logline.Sheet) { d.Feed(text, s) }})
	if report.Err != nil {
		return report.Err
	}
	if d.Cursor() == before {
		return nil
	}
	if err := f.positions.Save(ctx, []position.Position{{Source: journalSource, Cursor: d.Cursor(), Seen: f.Now()}}, nil); err != nil {
		return &stateError{err}
	}
	return nil
}
