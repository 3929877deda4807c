package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:ui/dist
var dist embed.FS

func embeddedUI() fs.FS {
	sub, err := fs.Sub(dist, "ui/dist")
	if err != nil {
		panic(err) // the path is a constant and valid
	}
	return sub
}

const notBuilt = "the user interface was not built; run \"make ui\" and build tocsin again. The API is served all the same: GET /api/v1/tocsin/openapi.json"

// noncePlaceholder stands in index.html where the nonce of the page load goes.
const noncePlaceholder = "__NONCE__"

// assetTypes are the types of the files that the build makes; the machine's
// own table, which differs from host to host, is asked for others only.
var assetTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".html": "text/html; charset=utf-8", ".json": "application/json", ".woff2": "font/woff2", ".png": "image/png", ".ico": "image/x-icon",
}

// pages serves the built user interface: files as they are, and index.html for
// the addresses of pages.
type pages struct {
	index  []byte // nil when the interface was not built
	assets map[string]*asset
}

// asset is one built file. It is compressed when first asked for.
type asset struct {
	body        []byte
	contentType string
	immutable   bool // the name holds a hash of the content
	zip         func() []byte
}

func newPages(files fs.FS) *pages {
	p := &pages{assets: make(map[string]*asset)}
	// An unreadable file is as good as absent: the caller gets 404 for it.
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil
		}
		if name == "index.html" {
			p.index = body
			return nil
		}
		p.assets["/"+name] = newAsset(name, body)
		return nil
	})
	return p
}

func newAsset(name string, body []byte) *asset {
	ext := path.Ext(name)
	a := &asset{body: body, contentType: assetTypes[ext], immutable: strings.HasPrefix(name, "assets/")}
	if a.contentType == "" {
		a.contentType = mime.TypeByExtension(ext)
	}
	if a.contentType == "" {
		a.contentType = "application/octet-stream"
	}
	a.zip = sync.OnceValue(func() []byte { return zipped(body, ext) })
	return a
}

// zipped returns nil for what does not get smaller.
func zipped(body []byte, ext string) []byte {
	if len(body) < 1024 || ext == ".woff2" || ext == ".png" {
		return nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(body) //nolint:errcheck // a bytes.Buffer takes everything
	w.Close()     //nolint:errcheck // as above
	return b.Bytes()
}

// pageRoots are the first parts of the addresses of pages, as in ui/src/app.tsx. What is
// below them is the page's own to find or not.
var pageRoots = []string{
	"", "index.html", "incidents", "alerts", "changes", "anomalies", "objectives", "explore", "logs", "series", "topology", "graph", "query",
	"notifications", "feedback", "status",
}

// isPage reports whether a page of the user interface has the address. A probe at /healthz
// or a scraper of a path of another product would take a page for a good answer.
func isPage(path string) bool {
	root, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains(pageRoots, root)
}

func (s *server) page(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.methodRefused("GET, HEAD")(w, r)
		return
	}
	if a, ok := s.ui.assets[r.URL.Path]; ok {
		a.serve(w, r)
		return
	}
	status := http.StatusOK
	if !isPage(r.URL.Path) {
		status = http.StatusNotFound
	}
	// People are shown the page that says that there is none, with the way back.
	person := s.ui.index != nil && strings.Contains(r.Header.Get("Accept"), "text/html")
	if strings.HasPrefix(r.URL.Path, "/assets/") || status == http.StatusNotFound && !person {
		s.unknownPath(w, r)
		return
	}
	if s.ui.index == nil {
		plain(w, http.StatusOK, notBuilt)
		return
	}
	nonce := rand.Text()
	w.Header().Set("Content-Security-Policy", contentSecurityPolicy(nonce))
	w.Header().Set("Content-Type", assetTypes[".html"])
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	w.Write(bytes.ReplaceAll(s.ui.index, []byte(noncePlaceholder), []byte(nonce))) //nolint:errcheck // the caller went away
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "no-cache")
	if a.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Vary", "Accept-Encoding")
	body := a.body
	if z := a.zip(); z != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = z
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) //nolint:errcheck // the caller went away
}
