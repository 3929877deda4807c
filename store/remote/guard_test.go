package remote_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/store/remote"
)

// A login before the server, or an address that is not that of an API, answers any
// question with a page and 200.
func TestReader_PageForPeople_SaysWhatToDo(t *testing.T) {
	for name, reads := range map[string]int{"remote read": http.StatusOK, "range selectors": http.StatusNotFound} {
		mux := http.NewServeMux()
		mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!DOCTYPE html><p>Who are you?")
		})
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if reads != http.StatusOK && r.URL.Path == "/api/v1/read" {
				http.NotFound(w, r)
				return
			}
			http.Redirect(w, r, "/login", http.StatusFound)
		})
		s := httptest.NewServer(mux)
		t.Cleanup(s.Close)
		c := remote.DefaultConfig()
		c.URL = strings.Replace(s.URL, "http://", "http://joe:secret@", 1)
		r, err := remote.NewReader(c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		_, _, err = r.Samples(t.Context(), up, begin, end)
		if err == nil || !strings.Contains(err.Error(), s.URL+"/login answers with a page") || !strings.Contains(err.Error(), "no login may stand before it") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
