package segment

import "bytes"

// Probe is something that a block must hold for a body in it to hold a certain text.
type Probe struct {
	hashes []uint64
	text   []byte // nil: only the filter can tell
}

// Probes returns what a block must hold for a body in it to have text somewhere. Words
// in the midst of the text are whole in the body as well; what stands at its edges may
// be part of a longer word, and can be looked up only if it is long enough for marks.
// None means that every block may hold it. The result shares no memory with text.
func Probes(text []byte) []Probe {
	text = bytes.Clone(text)
	var out []Probe
	for i := 0; i < len(text); {
		if classes[text[i]]&inRun == 0 {
			i++
			continue
		}
		start := i
		for i < len(text) && classes[text[i]]&inRun != 0 {
			i++
		}
		run := text[start:i]
		p := Probe{text: run}
		var of hashes
		of.marks(run)
		p.hashes = of.list
		wholeWords(run, start > 0, i < len(text), func(w []byte) { p.hashes = append(p.hashes, wordHash(w)) })
		if len(p.hashes) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// wholeWords calls add for the words of a run that are whole in every body: those
// between hyphens, and those at an edge beyond which the text goes on.
func wholeWords(run []byte, before, after bool, add func([]byte)) {
	parts := bytes.Split(run, []byte{'-'})
	for i, w := range parts {
		if indexed(w) && (i > 0 || before) && (i < len(parts)-1 || after) {
			add(w)
		}
	}
}

// WordProbe is for bodies that hold a word as a whole. It returns false for text that
// is not one word or that filters do not have.
func WordProbe(word string) (Probe, bool) {
	for i := range len(word) {
		if classes[word[i]]&inWord == 0 {
			return Probe{}, false
		}
	}
	if word == "" {
		return Probe{}, false
	}
	if !indexed([]byte(word)) {
		return Probe{}, false
	}
	return Probe{hashes: []uint64{wordHash([]byte(word))}, text: []byte(word)}, true
}

// HasWord says whether body holds word as a whole word.
func HasWord(body, word []byte) bool {
	if len(word) == 0 {
		return false
	}
	for at := 0; ; {
		i := bytes.Index(body[at:], word)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(word)
		if (i == 0 || classes[body[i-1]]&inWord == 0) && (end == len(body) || classes[body[end]]&inWord == 0) {
			return true
		}
		at = i + 1
	}
}

// TraceProbe is for records of a trace.
func TraceProbe(id [16]byte) Probe { return Probe{hashes: []uint64{traceHash(id)}} }

// SpanProbe is for records of a span.
func SpanProbe(id [8]byte) Probe { return Probe{hashes: []uint64{spanHash(id)}} }

// AttributeProbe is for records with an attribute of that value.
func AttributeProbe(name, value string) Probe {
	return Probe{hashes: []uint64{pairHash([]byte(name), []byte(value))}}
}
