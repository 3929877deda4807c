package jira_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// site is Jira for one project, as the documentation of its API has it: v3 with
// documents for texts, or v2 with wiki markup. It may lose the answer to a request
// that it has carried out, and finds new issues late when told so.
type site struct {
	URL string

	mu     sync.Mutex
	v3     bool
	issues []*issue
	lose   map[string]int // "POST /issue" to how many answers are lost
	late   int            // so many searches do not know the newest issue
	noAtt  bool           // attachments are disabled
	calls  []string
}

type issue struct {
	id, summary, kind, priority, status string
	labels                              []string
	text                                string
	comments                            []remark
	attachments                         int
	deleted                             bool
}

type remark struct{ text, reference string }

func newSite(t *testing.T, v3 bool) *site {
	s := &site{v3: v3, lose: map[string]int{}}
	base := "/rest/api/2"
	if v3 {
		base = "/rest/api/3"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+base+map[bool]string{true: "/search/jql", false: "/search"}[v3], s.search)
	mux.HandleFunc("POST "+base+"/issue", s.create)
	mux.HandleFunc("GET "+base+"/issue/{id}", s.get)
	mux.HandleFunc("PUT "+base+"/issue/{id}", s.edit)
	mux.HandleFunc("GET "+base+"/issue/{id}/comment", s.comments)
	mux.HandleFunc("POST "+base+"/issue/{id}/comment", s.comment)
	mux.HandleFunc("POST "+base+"/issue/{id}/attachments", s.attach)
	mux.HandleFunc("GET "+base+"/issue/{id}/transitions", s.transitions)
	mux.HandleFunc("POST "+base+"/issue/{id}/transitions", s.move)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		user, pass, basic := r.BasicAuth()
		if v3 && (!basic || user != "bot@example.com" || pass != token) || !v3 && r.Header.Get("Authorization") != "Bearer "+token {
			reply(w, 401, map[string]any{"errorMessages": []string{"You are not authenticated"}})
			return
		}
		what := r.Method + " " + strings.TrimPrefix(r.URL.Path, base)
		s.calls = append(s.calls, what)
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, r)
		if s.lose[what] > 0 {
			s.lose[what]--
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

func reply(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	if v != nil {
		_ = json.NewEncoder(w).Encode(v)
	}
}

func read[T any](r *http.Request) T {
	var v T
	_ = json.NewDecoder(r.Body).Decode(&v)
	return v
}

var jql = regexp.MustCompile(`^project = "OPS" AND labels = "([^"]+)" ORDER BY created ASC$`)

func (s *site) search(w http.ResponseWriter, r *http.Request) {
	m := jql.FindStringSubmatch(read[struct{ JQL string }](r).JQL)
	if m == nil {
		reply(w, 400, map[string]any{"errorMessages": []string{"Error in the JQL Query"}})
		return
	}
	known := s.issues
	if s.late > 0 && len(known) > 0 {
		s.late--
		known = known[:len(known)-1]
	}
	out := []map[string]string{}
	for _, i := range known {
		if !i.deleted && slices.Contains(i.labels, m[1]) {
			out = append(out, map[string]string{"id": i.id, "key": "OPS-" + i.id})
		}
	}
	reply(w, 200, map[string]any{"issues": out})
}

// text checks that a text has the form of the version and returns its words.
func (s *site) text(raw json.RawMessage) (string, error) {
	if !s.v3 {
		var t string
		return t, json.Unmarshal(raw, &t)
	}
	var d struct {
		Type    string
		Version int
		Content []any
	}
	if err := json.Unmarshal(raw, &d); err != nil || d.Type != "doc" || d.Version != 1 {
		return "", fmt.Errorf("no document: %s", raw)
	}
	var words []string
	var walk func(v any) error
	walk = func(v any) error {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				if err := walk(x); err != nil {
					return err
				}
			}
		case map[string]any:
			if v["type"] == "text" {
				if v["text"] == "" {
					return fmt.Errorf("an empty text node")
				}
				words = append(words, v["text"].(string))
			}
			return walk(v["content"])
		}
		return nil
	}
	err := walk(any(d.Content))
	return strings.Join(words, " "), err
}

func (s *site) create(w http.ResponseWriter, r *http.Request) {
	v := read[struct {
		Fields struct {
			Project     struct{ Key string }
			IssueType   struct{ Name string }
			Summary     string
			Description json.RawMessage
			Labels      []string
			Priority    struct{ Name string }
		}
	}](r).Fields
	text, err := s.text(v.Description)
	bad := slices.ContainsFunc(v.Labels, func(l string) bool { return strings.Contains(l, " ") })
	if err != nil || bad || v.Project.Key != "OPS" || v.Summary == "" || len([]rune(v.Summary)) > 255 || strings.Contains(v.Summary, "\n") || len(text) > 32767 {
		reply(w, 400, map[string]any{"errors": map[string]string{"description": fmt.Sprint(err)}})
		return
	}
	i := &issue{id: fmt.Sprint(len(s.issues) + 1), summary: v.Summary, kind: v.IssueType.Name, priority: v.Priority.Name, status: "new", labels: v.Labels, text: text}
	s.issues = append(s.issues, i)
	reply(w, 201, map[string]string{"id": i.id, "key": "OPS-" + i.id})
}

func (s *site) find(w http.ResponseWriter, r *http.Request) *issue {
	for _, i := range s.issues {
		if i.id == r.PathValue("id") && !i.deleted {
			return i
		}
	}
	reply(w, 404, map[string]any{"errorMessages": []string{"Issue does not exist or you do not have permission to see it."}})
	return nil
}

func status(key string) map[string]any {
	return map[string]any{"name": key, "statusCategory": map[string]string{"key": key}}
}

func (s *site) get(w http.ResponseWriter, r *http.Request) {
	if i := s.find(w, r); i != nil {
		reply(w, 200, map[string]any{"fields": map[string]any{"status": status(i.status)}})
	}
}

func (s *site) edit(w http.ResponseWriter, r *http.Request) {
	if i := s.find(w, r); i != nil {
		i.priority = read[struct {
			Fields struct{ Priority struct{ Name string } }
		}](r).Fields.Priority.Name
		reply(w, 204, nil)
	}
}

func (s *site) comments(w http.ResponseWriter, r *http.Request) {
	if i := s.find(w, r); i != nil {
		out := []map[string]any{}
		for _, c := range i.comments {
			out = append(out, map[string]any{"properties": []map[string]any{{"key": "tocsin", "value": map[string]string{"message": c.reference}}}})
		}
		reply(w, 200, map[string]any{"comments": out})
	}
}

func (s *site) comment(w http.ResponseWriter, r *http.Request) {
	i := s.find(w, r)
	if i == nil {
		return
	}
	v := read[struct {
		Body       json.RawMessage
		Properties []struct {
			Key   string
			Value struct{ Message string }
		}
	}](r)
	text, err := s.text(v.Body)
	if err != nil || len(v.Properties) != 1 {
		reply(w, 400, map[string]any{"errorMessages": []string{fmt.Sprint(err)}})
		return
	}
	i.comments = append(i.comments, remark{text, v.Properties[0].Value.Message})
	reply(w, 201, map[string]string{"id": "1"})
}

func (s *site) attach(w http.ResponseWriter, r *http.Request) {
	i := s.find(w, r)
	if i == nil {
		return
	}
	f, _, err := r.FormFile("file")
	if s.noAtt || err != nil || r.Header.Get("X-Atlassian-Token") != "no-check" {
		reply(w, 403, map[string]any{"errorMessages": []string{"attachments are disabled"}})
		return
	}
	if b, _ := io.ReadAll(f); !strings.HasPrefix(string(b), "\x89PNG") {
		reply(w, 400, nil)
		return
	}
	i.attachments++
	reply(w, 200, []any{})
}

// steps are the transitions of an issue by its state.
func steps(i *issue) [][2]string {
	if i.status == "done" {
		return [][2]string{{"41", "new"}}
	}
	return [][2]string{{"21", "indeterminate"}, {"31", "done"}, {"32", "done"}}
}

var names = map[string]string{"21": "Start", "31": "Close", "32": "Won't do", "41": "Reopen"}

func (s *site) transitions(w http.ResponseWriter, r *http.Request) {
	if i := s.find(w, r); i != nil {
		out := []map[string]any{}
		for _, t := range steps(i) {
			out = append(out, map[string]any{"id": t[0], "name": names[t[0]], "to": status(t[1])})
		}
		reply(w, 200, map[string]any{"transitions": out})
	}
}

func (s *site) move(w http.ResponseWriter, r *http.Request) {
	i := s.find(w, r)
	if i == nil {
		return
	}
	id := read[struct{ Transition struct{ ID string } }](r).Transition.ID
	for _, t := range steps(i) {
		if t[0] == id {
			i.status = t[1]
			i.labels = append(i.labels, "by:"+names[id])
			reply(w, 204, nil)
			return
		}
	}
	reply(w, 400, map[string]any{"errorMessages": []string{"no such transition"}})
}

func (s *site) state() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, i := range s.issues {
		out = append(out, fmt.Sprintf("%s %s %s %s %q %v comments=%d attachments=%d", i.id, i.status, i.kind, i.priority, i.summary, i.labels, len(i.comments), i.attachments))
	}
	return out
}
