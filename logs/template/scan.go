package template

// Limits of mining. What is beyond them is one variable of KindRest.
const (
	maxBytes = 1024 // of a line
	maxToks  = 256
	maxWord  = 250 // a longer word is taken as several
)

// tok is a token of a line: a word, a variable or a delimiter.
type tok struct {
	start, end int32
	hash       uint64 // of the bytes of a constant
	kind       Kind
	flags      tokFlags
}

type tokFlags uint8

const (
	// tokSoft is a variable that reads as constant for as long as it is always the same.
	tokSoft tokFlags = 1 << iota
	tokDotted
	tokNumbered // a word with a digit at its end, such as eth0
	tokHeld     // a part of a value
	tokOpens    // its first part
	tokApart    // a blank stands before it
)

func (t *tok) is(f tokFlags) bool { return t.flags&f != 0 }

// scan is the memory in which a line is taken apart; it is used again. run splits
// the line into tokens, fold makes its form of them.
type scan struct {
	line  []byte
	toks  []tok
	elems []elem
	rest  int32 // where the line was given up, or its length
	// seq stands for all that the form depends on, in one number.
	seq uint64
	// form is the sum of the contributions of all elements, by which one element can
	// be made a wildcard in one step; shape leaves the words out.
	form, shape uint64

	cur int // the token that fold is at
	// holdFrom and holdEnd are the value that is read now as one variable.
	holdFrom, holdEnd int32
	cutAt             int32 // where a word begins that the limit cuts, -1 if none does
}

// run takes line[from:] apart.
func (s *scan) run(line []byte, from int32) {
	if s.toks == nil {
		s.toks = make([]tok, 0, maxToks)
	}
	s.line, s.toks, s.elems, s.seq = line, s.toks[:0], s.elems[:0], 0
	s.holdFrom, s.holdEnd, s.cutAt = -1, -1, -1
	end := int32(len(line))
	if end-from > maxBytes {
		end = from + maxBytes
	}
	i := from
	for i < end && len(s.toks) < maxToks-8 {
		b := line[i]
		switch classes[b] {
		case isBlank:
			if b == '\n' && len(s.toks) > 0 {
				end = i
				continue
			}
			i++
		case isDelim:
			s.delim(i, i+1, b)
			i++
			if b == '=' {
				s.value(line, i, end)
			} else if b == '"' {
				s.quotedValue(line, i, end)
			}
		default:
			i = s.word(line, i, end)
		}
	}
	s.rest = i
	if s.cutAt >= 0 {
		s.rest = s.cutAt
	}
	for s.rest > from && s.rest < int32(len(line)) && classes[line[s.rest-1]] == isBlank {
		s.rest--
	}
}

// add appends a token.
func (s *scan) add(start, end int32, hash uint64, k Kind, f tokFlags) {
	n := len(s.toks)
	if n > 0 && s.toks[n-1].end < start {
		f |= tokApart
	}
	if start < s.holdEnd && start >= s.holdFrom {
		if k == KindNone {
			k, f, hash = KindWord, f|tokSoft, 0
		}
		if f |= tokHeld; n == 0 || s.toks[n-1].start < s.holdFrom {
			f |= tokOpens
		}
	}
	s.seq = (s.seq ^ (hash + uint64(k)<<8 + uint64(f))) * 0x9e3779b97f4a7c15
	s.seq ^= s.seq >> 32
	if n == cap(s.toks) {
		s.toks = append(s.toks, tok{}) // a word that ends with a hundred marks
	} else {
		s.toks = s.toks[:n+1]
	}
	t := &s.toks[n]
	t.start, t.end, t.hash, t.kind, t.flags = start, end, hash, k, f
}

func (s *scan) delim(start, end int32, b byte) { s.add(start, end, uint64(b), kindDelim, 0) }

// word reads the word at i and returns where it ends.
func (s *scan) word(line []byte, i, limit int32) int32 {
	start := i
	stop := min(limit, start+maxWord)
	var t traits
	query := false
	for {
		n := i
		for _, b := range line[i:stop] {
			w := weights[b]
			if w == 0 {
				break
			}
			t += w
			n++
		}
		if i = n; i == stop {
			break
		}
		switch line[i] {
		case '.':
			if i+1 < limit && line[i+1] == '.' {
				return s.ellipsis(line, start, i, limit, t)
			}
			t += aDot
		case ':':
			if i == start && opensValue(line, i, limit) {
				s.delim(i, i+1, ':')
				return i + 1
			}
			if s.splits(line, i, limit, t) {
				s.finish(line, start, i, t)
				s.delim(i, i+1, ':')
				return i + 1
			}
			t += aColon
		case '?':
			query = query || t.slashes() > 0
			t += aJoiner
		case '=', ',', ';':
			if !query {
				s.finish(line, start, i, t)
				return i
			}
			t += aJoiner // of the parameters of an address
		default:
			s.finish(line, start, i, t)
			return i
		}
		i++
	}
	if i == limit && limit < int32(len(line)) && classes[line[limit]]&(isBlank|isDelim) == 0 && len(s.toks) > 0 {
		s.cutAt = start
		return i
	}
	s.finish(line, start, i, t)
	return i
}

// opensValue reports whether the colon at i stands between a name of JSON and a value
// without quotes, which is a word of its own then: a number and no time of day.
func opensValue(line []byte, i, limit int32) bool {
	return i > 0 && line[i-1] == '"' && i+1 < limit && classes[line[i+1]]&(isBlank|isDelim) == 0 && line[i+1] != ':'
}

// splits reports whether the colon at i ends a key whose value follows without a blank.
func (s *scan) splits(line []byte, i, limit int32, t traits) bool {
	if t.digits()+t.dots() != 0 || i+1 >= limit || t.letters()+t.hex() < 2 || t.letters() == 0 && t.hex() == 2 {
		return false
	}
	next := line[i+1]
	return next != '/' && next != '\\' && classes[next]&(isBlank|isDelim) == 0
}

// ellipsis ends a word at two or more dots, which are a delimiter.
func (s *scan) ellipsis(line []byte, start, i, limit int32, t traits) int32 {
	if i > start {
		s.finish(line, start, i, t)
	}
	from := i
	for i < limit && line[i] == '.' {
		i++
	}
	s.delim(from, i, '.')
	return i
}

// finish splits off what only ends a word and adds both.
func (s *scan) finish(line []byte, start, end int32, t traits) {
	if t < aDot && t.digits() == 0 && t.letters() > 0 {
		// Nothing but letters, as nearly all words are.
		if n := end - start; n > 5 || n != 4 && !isBoolWord(line[start:end]) {
			s.add(start, end, hashOf(line[start:end]), KindNone, 0)
			return
		}
	}
	cut := end
ending:
	for cut > start+1 {
		switch line[cut-1] {
		case ':':
			t -= aColon
		case '.':
			t -= aDot
		case '!', '?':
			t -= aJoiner
		default:
			break ending
		}
		cut--
	}
	w := line[start:cut]
	if t.digits() == 0 {
		switch k := kindWithoutDigits(w, t); {
		case k != KindNone:
			s.add(start, cut, 0, k, 0)
		case len(w) == 4 && s.isRoot(w):
			s.add(start, cut, 0, KindID, 0)
		default:
			s.add(start, cut, hashOf(w), KindNone, dottedFlag(w, t))
		}
	} else if at := int32(numberedName(w, t)); at > 0 {
		s.add(start, start+at, hashOf(w[:at]), KindNone, tokDotted)
		s.delim(start+at, start+at+1, w[at])
		s.add(start+at+1, cut, 0, KindNum, 0)
	} else {
		switch k := kindOf(w, t); {
		case k == KindNone:
			s.add(start, cut, hashOf(w), KindNone, tokNumbered)
		case k == KindID && t.digits() <= 2 && t.colons() == 0:
			s.add(start, cut, 0, k, tokSoft)
		default:
			s.add(start, cut, 0, k, 0)
		}
	}
	for ; cut < end; cut++ {
		s.delim(cut, cut+1, line[cut])
	}
}

var (
	hashUser = hashOf([]byte("user"))
	hashHost = hashOf([]byte("host"))
	hashUID  = hashOf([]byte("uid"))
	hashFor  = hashOf([]byte("for"))
	hashBy   = hashOf([]byte("by"))
)

// isRoot reports whether w is the name of the user root and not the word.
func (s *scan) isRoot(w []byte) bool {
	if string(w) != "root" || len(s.toks) == 0 {
		return false
	}
	switch t := &s.toks[len(s.toks)-1]; t.kind {
	case kindDelim:
		return t.hash == '('
	case KindNone:
		return t.hash == hashUser || t.hash == hashFor || t.hash == hashBy
	}
	return false
}
