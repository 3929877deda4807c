package template

// Limits of mining. What is beyond them is one variable of KindRest.
const (
	maxBytes = 1024 // of a line
	maxElems = 128  // of a form, after folding
	maxToks  = 256
)

// tok is a token of a line: a word, a variable or a delimiter.
type tok struct {
	start, end int32
	hash       uint64 // of the bytes of a constant
	kind       Kind
	soft       bool // a variable that reads as constant for as long as it is always the same
}

// elem is what a form is compared by: one token, or several that were folded
// into one variable.
type elem struct {
	hash        uint64
	first, last int16 // tokens, both inclusive
	wild        bool
	class       elemClass
}

type elemClass uint8

const (
	classWord   elemClass = iota
	classDotted           // a word that holds / _ @ . or -
	classValue            // a word after =
	className             // a word after user, host or uid
	classEnclosed         // a word that has a bracket or quotes to itself
	classNumbered         // a word with a digit at its end, such as eth0
	classDelim
	classDate // a month or a day
	classWild
)

const wildHash = 0x2a2a2a2a2a2a2a2a

// scan is the memory in which a line is taken apart; it is used again.
type scan struct {
	toks  []tok
	elems []elem
	rest  int32 // where the line was given up, or its length
	// form is the sum of the contributions of all elements, by which one element can
	// be made a wildcard in one step; shape leaves the words out.
	form, shape uint64

	// holdFrom and holdEnd are the value that is read now as one variable.
	holdFrom, holdEnd int32
	cutAt             int32 // a word that the limit cuts, -1 if none is
}

// run takes line[from:] apart.
func (s *scan) run(line []byte, from int32) {
	s.toks, s.elems = s.toks[:0], s.elems[:0]
	end := int32(len(line))
	if end-from > maxBytes {
		end = from + maxBytes
	}
	i := from
	s.holdFrom, s.holdEnd, s.cutAt = -1, -1, -1
	for i < end && len(s.toks) < maxToks-4 && len(s.elems) < maxElems-4 {
		b := line[i]
		switch classes[b] {
		case isBlank:
			if b == '\n' && len(s.elems) > 0 {
				end = i
				continue
			}
			i++
		case isDelim:
			s.delim(i, i+1, b)
			i++
			if b == '=' {
				s.value(line, i, end)
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
	s.sum()
}

func (s *scan) delim(start, end int32, b byte) {
	s.toks = append(s.toks, tok{start: start, end: end, hash: uint64(b), kind: kindDelim})
	s.pushDelim(b)
}

// word reads the word at i and returns where it ends.
func (s *scan) word(line []byte, i, limit int32) int32 {
	start := i
	var t traits
	query := false
	for i < limit {
		b := line[i]
		switch c := classes[b]; c {
		case isDigit:
			t.digits++
		case isHexLetter:
			t.hex++
		case isLetter:
			t.letters++
		case isJoiner:
			t.joiners++
			switch b {
			case '.':
				t.dots++
				if i+1 < limit && line[i+1] == '.' {
					return s.ellipsis(line, start, i, limit, t)
				}
			case ':':
				if t.digits+t.dots == 0 && (t.letters > 0 && t.hex+t.letters >= 2 || t.hex > 2) && i+1 < limit && line[i+1] != '/' && line[i+1] != '\\' &&
					classes[line[i+1]]&(isBlank|isDelim) == 0 {
					t.joiners--
					s.finish(line, start, i, t)
					s.delim(i, i+1, ':')
					return i + 1
				}
				t.colons++
			case '/':
				t.slashes++
			case '@':
				t.ats++
			case '-':
				t.dashes++
			case '_':
				t.unders++
			case '?':
				query = t.slashes > 0
			}
		case isDelim:
			if query && (b == '=' || b == ',' || b == ';') {
				t.joiners++ // of the parameters of an address
				break
			}
			s.finish(line, start, i, t)
			return i
		default:
			s.finish(line, start, i, t)
			return i
		}
		i++
	}
	if limit < int32(len(line)) && limit-start < maxBytes/2 && classes[line[limit]]&(isBlank|isDelim) == 0 {
		return s.giveUp(start, limit)
	}
	s.finish(line, start, i, t)
	return i
}

// giveUp ends a line before a word that the limit cuts.
func (s *scan) giveUp(start, limit int32) int32 {
	s.cutAt = start
	return limit
}

// ellipsis ends a word at two or more dots, which are a delimiter.
func (s *scan) ellipsis(line []byte, start, i, limit int32, t traits) int32 {
	t.dots--
	t.joiners--
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

// finish splits off what only ends a word and pushes both.
func (s *scan) finish(line []byte, start, end int32, t traits) {
	cut := end
	for cut > start+1 {
		switch line[cut-1] {
		case ':', '!', '?':
			if line[cut-1] == ':' {
				t.colons--
			}
		case '.':
			t.dots--
		default:
			goto done
		}
		t.joiners--
		cut--
	}
done:
	w := line[start:cut]
	if at := numberedName(w, &t); at > 0 {
		s.numbered(line, start, start+int32(at), cut, end)
		return
	}
	k := kindOf(w, &t)
	switch {
	case k == KindNone && s.isRoot(w):
		k = KindID
		fallthrough
	case k != KindNone:
		s.toks = append(s.toks, tok{start: start, end: cut, kind: k, soft: k == KindID && t.digits > 0 && t.digits <= 2 && t.colons == 0})
		s.pushWild(k)
	default:
		s.constant(w, start, cut, &t)
	}
	s.ending(line, cut, end)
}

// ending pushes what only ends a word.
func (s *scan) ending(line []byte, cut, end int32) {
	for ; cut < end; cut++ {
		s.delim(cut, cut+1, line[cut])
	}
}

// numbered pushes a name and its number apart.
func (s *scan) numbered(line []byte, start, at, cut, end int32) {
	s.constant(line[start:at], start, at, &traits{dots: 1})
	s.delim(at, at+1, line[at])
	s.toks = append(s.toks, tok{start: at + 1, end: cut, kind: KindNum})
	s.pushWild(KindNum)
	s.ending(line, cut, end)
}

func (s *scan) constant(w []byte, start, end int32, t *traits) {
	if start >= s.holdFrom && start < s.holdEnd {
		s.toks = append(s.toks, tok{start: start, end: end, kind: KindWord, soft: true})
		s.pushWild(KindWord)
		return
	}
	s.toks = append(s.toks, tok{start: start, end: end, hash: hashOf(w)})
	s.pushWord(w, t)
}

// contribution is what an element at a place adds to a form.
func contribution(h uint64, place int) uint64 {
	return mix(h + uint64(place+1)*0x9e3779b97f4a7c15)
}

func (s *scan) sum() {
	var form, shape uint64
	for i := range s.elems {
		e := &s.elems[i]
		form += contribution(e.hash, i)
		h := e.hash
		if !e.wild && e.class != classDelim {
			h = 1
		}
		shape = (shape ^ h) * 0x9e3779b97f4a7c15
		shape ^= shape >> 31
	}
	s.form, s.shape = form, shape
}

// swap returns the sum of a form in which the element at a place is a wildcard.
func (s *scan) swap(form uint64, place int) uint64 {
	return form - contribution(s.elems[place].hash, place) + contribution(wildHash, place)
}
