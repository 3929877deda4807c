package yamldoc

import (
	"fmt"
	"strconv"
	"strings"
)

// A path is written as in Go: alerts[3].labels["app.kubernetes.io/name"]. Keys
// of letters, digits, _ and - stand bare after a dot, others quoted in brackets.

// step is one part of a path: a key, or an index when isIndex.
type step struct {
	key     string
	index   int
	isIndex bool
}

func keyPath(parent, key string) string {
	if !isBareKey(key) {
		return parent + "[" + strconv.Quote(key) + "]"
	}
	if parent == "" {
		return key
	}
	return parent + "." + key
}

func indexPath(parent string, i int) string {
	return parent + "[" + strconv.Itoa(i) + "]"
}

func joinPath(prefix, path string) string {
	if prefix == "" || path == "" || path[0] == '[' {
		return prefix + path
	}
	return prefix + "." + path
}

func isBareKey(key string) bool {
	for i := 0; i < len(key); i++ {
		c := key[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return key != ""
}

// splitPath cuts a path into steps. What cannot be read ends the path: the
// steps before it are returned, so a line is found all the same.
func splitPath(path string) []step {
	var steps []step
	for path != "" {
		if path[0] != '[' {
			path = strings.TrimPrefix(path, ".")
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			if end == 0 {
				return steps
			}
			steps = append(steps, step{key: path[:end]})
			path = path[end:]
			continue
		}
		s, rest, err := cutBracket(path)
		if err != nil {
			return steps
		}
		steps = append(steps, s)
		path = rest
	}
	return steps
}

// cutBracket reads [3] or ["key"] from the start of path.
func cutBracket(path string) (s step, rest string, err error) {
	body := path[1:]
	if quoted, qerr := strconv.QuotedPrefix(body); qerr == nil && strings.HasPrefix(body[len(quoted):], "]") {
		key, uerr := strconv.Unquote(quoted)
		return step{key: key}, body[len(quoted)+1:], uerr
	}
	number, rest, found := strings.Cut(body, "]")
	index, err := strconv.Atoi(number)
	if !found || err != nil {
		return step{}, "", fmt.Errorf("path %q: want [number] or [\"key\"]", path)
	}
	return step{index: index, isIndex: true}, rest, nil
}
