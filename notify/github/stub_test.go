package github_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// hub is GitHub's API for the issues of one repository, as its documentation has
// it. It may lose the answer to a request that it has carried out.
type hub struct {
	URL string

	mu     sync.Mutex
	issues []*issue
	lose   map[string]int // "POST /issues" to how many answers are lost
	calls  []string
}

type issue struct {
	Number    int       `json:"number"`
	Title     string    `json:"title"`
	State     string    `json:"state"`
	Body      string    `json:"body"`
	Names     []string  `json:"-"`
	Updated   time.Time `json:"updated_at"`
	Comments  []comment `json:"-"`
	Assignees []string  `json:"-"`
	deleted   bool
}

type comment struct {
	ID   int    `json:"id"`
	Body string `json:"body"`
}

const repo = "/repos/acme/ops"

func newHub(t *testing.T) *hub {
	h := &hub{lose: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+repo+"/issues", h.list)
	mux.HandleFunc("POST "+repo+"/issues", h.create)
	mux.HandleFunc("PATCH "+repo+"/issues/{n}", h.edit)
	mux.HandleFunc("GET "+repo+"/issues/{n}/comments", h.comments)
	mux.HandleFunc("POST "+repo+"/issues/{n}/comments", h.comment)
	mux.HandleFunc("POST "+repo+"/issues/{n}/labels", h.labels)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("Accept") != "application/vnd.github+json" || r.Header.Get("User-Agent") == "" {
			reply(w, 401, map[string]string{"message": "Bad credentials"})
			return
		}
		what := r.Method + " " + strings.TrimPrefix(r.URL.Path, repo)
		h.calls = append(h.calls, what)
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, r)
		if h.lose[what] > 0 {
			h.lose[what]--
			panic(http.ErrAbortHandler)
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	h.URL = s.URL
	return h
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func read[T any](r *http.Request) T {
	var v T
	_ = json.NewDecoder(r.Body).Decode(&v)
	return v
}

func (h *hub) find(w http.ResponseWriter, r *http.Request) *issue {
	n, _ := strconv.Atoi(r.PathValue("n"))
	for _, i := range h.issues {
		if i.Number == n && !i.deleted {
			return i
		}
	}
	reply(w, 404, map[string]string{"message": "Not Found"})
	return nil
}

func page[T any](r *http.Request, all []T) []T {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min(max(n-1, 0)*size, len(all))
	return all[from:min(from+size, len(all))]
}

func (h *hub) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, _ := time.Parse(time.RFC3339, q.Get("since"))
	out := []*issue{}
	for _, i := range slices.Backward(h.issues) {
		if !i.deleted && slices.Contains(i.Names, q.Get("labels")) && !i.Updated.Before(since) && (q.Get("state") == "all" || q.Get("state") == i.State) {
			out = append(out, i)
		}
	}
	reply(w, 200, page(r, out))
}

func (h *hub) create(w http.ResponseWriter, r *http.Request) {
	v := read[struct {
		Title, Body       string
		Labels, Assignees []string
	}](r)
	if v.Title == "" || len(v.Title) > 1024 || len(v.Body) > 65536 {
		reply(w, 422, map[string]string{"message": "Validation Failed"})
		return
	}
	i := &issue{Number: len(h.issues) + 1, Title: v.Title, Body: v.Body, State: "open", Names: v.Labels, Assignees: v.Assignees, Updated: time.Now()}
	h.issues = append(h.issues, i)
	reply(w, 201, i)
}

func (h *hub) edit(w http.ResponseWriter, r *http.Request) {
	if i := h.find(w, r); i != nil {
		i.State = read[struct{ State string }](r).State
		reply(w, 200, i)
	}
}

func (h *hub) comments(w http.ResponseWriter, r *http.Request) {
	if i := h.find(w, r); i != nil {
		reply(w, 200, page(r, i.Comments))
	}
}

func (h *hub) comment(w http.ResponseWriter, r *http.Request) {
	if i := h.find(w, r); i != nil {
		c := comment{len(i.Comments) + 1, read[struct{ Body string }](r).Body}
		i.Comments = append(i.Comments, c)
		reply(w, 201, c)
	}
}

func (h *hub) labels(w http.ResponseWriter, r *http.Request) {
	if i := h.find(w, r); i != nil {
		for _, l := range read[struct{ Labels []string }](r).Labels {
			if !slices.Contains(i.Names, l) {
				i.Names = append(i.Names, l)
			}
		}
		reply(w, 200, i.Names)
	}
}

// others adds issues of other incidents.
func (h *hub) others(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for range n {
		h.issues = append(h.issues, &issue{Number: len(h.issues) + 1, Title: "other", State: "open", Names: []string{"tocsin"}, Body: "<!-- tocsin:tocsin-other -->", Updated: time.Now()})
	}
}

// state is what became of the issues, one line for each.
func (h *hub) state() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, i := range h.issues {
		s := fmt.Sprintf("%d %s %s %v", i.Number, i.State, i.Title, i.Names)
		for _, c := range i.Comments {
			head, _, _ := strings.Cut(c.Body, "\n")
			s += " | " + head
		}
		out = append(out, s)
	}
	return out
}
