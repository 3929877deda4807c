package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsinhq/tocsin/notify/chart"
)

// chartPath is where pictures of messages are, by names that cannot be guessed.
const chartPath = "/api/v1/tocsin/charts/"

// chartKeyFile holds the key by which those names are signed, in the data folder.
const chartKeyFile = "charts.key"

// readChartKey returns the key of a data folder, and makes it when it is not there.
func readChartKey(dir string) ([]byte, error) {
	file := filepath.Join(dir, chartKeyFile)
	key, err := os.ReadFile(file)
	switch {
	case err == nil && len(key) >= 32:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("read %s: want at least 32 bytes, got %d; remove it to have a new one made", file, len(key))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read the key of chart addresses: %w", err)
	}
	key = make([]byte, 32)
	rand.Read(key) // never fails
	if err := os.WriteFile(file, key, 0o600); err != nil {
		return nil, fmt.Errorf("write the key of chart addresses: %w", err)
	}
	return key, nil
}

// chartName returns the name of the picture of a message: its key and a signature.
func chartName(secret []byte, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(key)) + "." + base64.RawURLEncoding.EncodeToString(chartSum(secret, key)) + ".png"
}

func chartSum(secret []byte, key string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(key))
	return h.Sum(nil)[:18]
}

// chartKeyOf returns the key of the message whose picture the name is, false when the
// name is not one of ours.
func chartKeyOf(secret []byte, name string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(name, ".png"), ".")
	if len(name) > 1000 || len(parts) != 2 {
		return "", false
	}
	key, err := base64.RawURLEncoding.DecodeString(parts[0])
	sum, serr := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || serr != nil || !hmac.Equal(sum, chartSum(secret, string(key))) {
		return "", false
	}
	return string(key), true
}

// chartURL returns where receivers that take addresses only find the picture of a
// message. There is none without web.external_url: they could not reach it.
func (c *Core) chartURL(key string) string {
	if !c.public {
		return ""
	}
	return c.externalURL + chartPath + chartName(c.chartKey, key)
}

// serveChart draws the picture of a message for whoever has its address.
func (c *Core) serveChart(w http.ResponseWriter, r *http.Request) {
	png, err := c.picture(r.Context(), r.PathValue("name"))
	if err != nil {
		c.log.Debug("no picture of a message", "error", err)
		http.Error(w, "no such picture", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // chats show it within their own pages
	h.Set("X-Robots-Tag", "noindex")
	_, _ = w.Write(png) // the caller went away
}

func (c *Core) picture(ctx context.Context, name string) ([]byte, error) {
	key, ok := chartKeyOf(c.chartKey, name)
	if !ok {
		return nil, errors.New("the name is not signed by this daemon")
	}
	m, ok, err := c.Outbox().Message(ctx, key)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("message %s is not kept any more", key)
	}
	return chart.PNG(m.Chart)
}
