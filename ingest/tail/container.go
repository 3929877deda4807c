package tail

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
)

// Runtimes of containers put their own frame around each line: those that speak CRI
// (containerd, CRI-O) time, stream and a letter before it, Docker JSON. Long lines come in
// parts. stdout and stderr of a container are mixed in one file.

// wrapping is what stands around the lines of a file.
type wrapping uint8

const (
	wrappedNot wrapping = iota
	wrappedCRI
	wrappedDocker
)

// wrappingOf says what a file that begins so is wrapped in.
func wrappingOf(first []byte) wrapping {
	if bytes.HasPrefix(first, []byte(`{"log":"`)) {
		return wrappedDocker
	}
	if _, ok := parseCRI(first); ok {
		return wrappedCRI
	}
	return wrappedNot
}

// wrapped is a line taken out of its wrapping.
type wrapped struct {
	at      int64 // nanoseconds, 0 if the line does not say
	errors  bool  // it is of stderr
	partial bool  // its line goes on in the next of its stream
	text    []byte
}

// parseCRI reads "2026-11-25T12:00:00.000000001Z stdout F text". Behind P or F there may
// be more tags, with colons between them.
func parseCRI(b []byte) (w wrapped, ok bool) {
	stamp, rest, ok1 := bytes.Cut(b, []byte{' '})
	stream, rest, ok2 := bytes.Cut(rest, []byte{' '})
	tags, text, ok3 := bytes.Cut(rest, []byte{' '})
	if !ok1 || !ok2 || len(stamp) < 20 || len(stamp) > 35 || len(tags) == 0 {
		return w, false
	}
	if !ok3 { // an empty line may end behind its tag
		tags = bytes.TrimRight(tags, "\r\n")
	}
	tag, _, _ := bytes.Cut(tags, []byte{':'})
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil || (string(stream) != "stdout" && string(stream) != "stderr") || (string(tag) != "P" && string(tag) != "F") {
		return w, false
	}
	return wrapped{at: at.UnixNano(), errors: string(stream) == "stderr", partial: tag[0] == 'P', text: text}, true
}

// parseDocker reads {"log":"text\n","stream":"stdout","time":"..."}. A text without a
// line feed goes on.
func parseDocker(b []byte) (w wrapped, ok bool) {
	var x struct {
		Log    *string   `json:"log"`
		Stream string    `json:"stream"`
		Time   time.Time `json:"time"`
	}
	if json.Unmarshal(b, &x) != nil || x.Log == nil || x.Time.IsZero() || (x.Stream != "stdout" && x.Stream != "stderr") {
		return w, false
	}
	text, whole := strings.CutSuffix(*x.Log, "\n")
	return wrapped{at: x.Time.UnixNano(), errors: x.Stream == "stderr", partial: !whole, text: []byte(text)}, true
}

// contained is a record of a container's stream, and where in the piece it stands.
type contained struct {
	start, end int
	at         int64
	errors     bool
	text       []byte
}

// assembly is the record of one stream that is under way.
type assembly struct {
	contained
	part      []byte // of a line that goes on
	partStart int
	inPart    bool
	partAt    int64
	stderr    bool
	open      bool
	group     logline.Group
}

// begins is where what is not done begins, n if there is nothing.
func (a *assembly) begins(n int) int {
	if a.inPart {
		n = min(n, a.partStart)
	}
	if a.open {
		n = min(n, a.start)
	}
	return n
}

// add takes one line of the stream. It returns the record that is thereby done.
func (a *assembly) add(w wrapped, start, end, most int) (done contained, ok bool) {
	a.stderr = w.errors
	if !a.inPart {
		a.part, a.partStart, a.partAt = w.text, start, w.at
	} else if room := most + 1 - len(a.part); room > 0 { // the sheet cuts what is longer, with a mark
		a.part = append(a.part[:len(a.part):len(a.part)], w.text[:min(room, len(w.text))]...)
	}
	if a.inPart = w.partial; a.inPart {
		return done, false
	}
	text := line(a.part)
	if a.open && len(a.text)+len(text) < logline.MaxJoined && a.group.Continues(text) {
		a.text = append(append(a.text[:len(a.text):len(a.text)], '\n'), text...)
		a.end = end
		return done, false
	}
	done, ok = a.contained, a.open
	a.contained = contained{start: a.partStart, end: end, at: a.partAt, errors: w.errors, text: text}
	a.group, a.open = logline.Start(text, logline.FindLevel(text)), true
	return done, ok
}

// flush ends what is under way.
func (a *assembly) flush(end int) (all []contained) {
	if a.open {
		all = append(all, a.contained)
	}
	if a.inPart {
		all = append(all, contained{start: a.partStart, end: end, at: a.partAt, errors: a.stderr, text: line(a.part)})
	}
	*a = assembly{}
	return all
}

// containedIn cuts the records of a container's streams off a piece. What it returns is
// as for records: how many bytes are done with. Records of one stream that reach beyond
// what is not done of the other wait, so that nothing is given out twice.
func (f *file) containedIn(b []byte, more bool, most int, now time.Time, yield func(contained)) (taken int) {
	if f.skip {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			return len(b)
		}
		f.skip = false
		return end + 1
	}
	whole := !more && f.size <= f.offset+int64(len(b))
	settled := whole && now.Sub(f.grown) >= settle
	var streams [2]assembly
	var done []contained
	i := 0
	for i < len(b) {
		end := bytes.IndexByte(b[i:], '\n')
		if end < 0 {
			if len(b)-i <= most && !(f.gone && settled) {
				break
			}
			if i > 0 && len(b)-i > most {
				break // in a piece of its own
			}
			f.skip = len(b)-i > most
			end = len(b) - i
		}
		next := min(len(b), i+end+1)
		w, ok := f.unwrap(b[i : i+end])
		if !ok {
			w = wrapped{text: b[i : i+end]}
		}
		s := &streams[0]
		if w.errors {
			s = &streams[1]
		}
		if r, ok := s.add(w, i, next, most); ok {
			done = append(done, r)
		}
		i = next
	}
	first := min(streams[0].begins(i), streams[1].begins(i))
	if settled || (more && first == 0) || f.skip {
		done = append(append(done, streams[0].flush(i)...), streams[1].flush(i)...)
		first = i
	}
	for again := true; again; {
		again = false
		for _, r := range done {
			if r.end > first && r.start < first {
				first, again = r.start, true
			}
		}
	}
	for _, r := range done {
		if r.end <= first {
			yield(r)
		}
	}
	return first
}

func (f *file) unwrap(b []byte) (wrapped, bool) {
	if f.wrapping == wrappedDocker {
		return parseDocker(b)
	}
	return parseCRI(b)
}

// origin is what the path of a container's file says of it.
type origin struct{ namespace, pod, container string }

// originOf reads /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log,
// /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log and
// /var/lib/docker/containers/ID/ID-json.log, beside which a file names the container.
func originOf(path string) (o origin) {
	dir, name := filepath.Split(path)
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	last := func(i int) string {
		if len(parts) < i {
			return ""
		}
		return parts[len(parts)-i]
	}
	if fields := strings.Split(strings.TrimSuffix(name, ".log"), "_"); len(fields) == 3 && last(1) == "containers" {
		if container, id, ok := cutLast(fields[2], "-"); ok && len(id) == 64 {
			return origin{fields[1], fields[0], container}
		}
	}
	if fields := strings.Split(last(2), "_"); len(fields) == 3 && last(3) == "pods" {
		return origin{fields[0], fields[1], last(1)}
	}
	if id := strings.TrimSuffix(name, "-json.log"); len(id) == 64 && id == last(1) {
		return origin{container: dockerName(filepath.Join(dir, "config.v2.json"), id[:12])}
	}
	return o
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// dockerName reads the name of a container from Docker's own file, or else takes its
// short id.
func dockerName(path, id string) string {
	info, err := os.Stat(path)
	if err != nil || info.Size() > 4<<20 {
		return id
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return id
	}
	var x struct{ Name string }
	if json.Unmarshal(raw, &x) != nil || strings.Trim(x.Name, "/") == "" {
		return id
	}
	return strings.Trim(x.Name, "/")
}
