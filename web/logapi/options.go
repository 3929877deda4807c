package logapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// Template is what is known of a template.
type Template struct {
	ID      string `json:"id"` // sixteen hexadecimal digits, the value of the label template
	Service string `json:"service"`
	Text    string `json:"text"`
	// Wildcard is the text with <*> for each variable.
	Wildcard string    `json:"-"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Count    uint64    `json:"count"`
	Samples  []string  `json:"samples"`
}

// Store is where records are: *logs.Store, or a *remote.Store in its place.
type Store interface {
	logql.Source
	counter
	lister
}

// counter counts records.
type counter interface {
	Histogram(ctx context.Context, q logs.Query, step time.Duration) (*logs.Histogram, error)
	CountTemplates(ctx context.Context, q logs.Query, step int64, count func(at int64, template uint64, n int)) error
	Volume(ctx context.Context, q logs.Query, found func(stream *segment.Stream, rows int, bytes int64)) (logs.Stats, error)
}

// lister says what there is, and what comes.
type lister interface {
	Streams(ctx context.Context, from, to int64, found func(*segment.Stream) bool) error
	Tail(ctx context.Context, q logs.Query, found func(*logs.Record) error, missed func()) error
}

// Options are what the handlers stand on. All are required.
type Options struct {
	Store Store
	// Template describes a template by its id, also one that was merged into another.
	Template func(id uint64) (Template, bool)
	Config   logs.Config
	Now      func() time.Time
	Logger   *slog.Logger
	Version  string
}

// api is behind all handlers.
type api struct {
	Options
	engine logql.Engine
}

func newAPI(o Options) *api {
	return &api{o, logql.Engine{Source: o.Store, MaxSeries: o.Config.Query.MaxSeries}}
}

// NewLoki returns the handler of /loki/api/v1/, but for push. If logs.remote is a Loki it
// passes every question on.
func NewLoki(o Options) (http.Handler, error) {
	a := newAPI(o)
	if o.Config.Remote.URL != "" && o.Config.Remote.Protocol == logs.RemoteLoki {
		return passOn(o.Config.Remote, o.Logger)
	}
	mux := http.NewServeMux()
	for path, f := range map[string]func(http.ResponseWriter, *http.Request) error{
		"query": a.instant, "query_range": a.queryRange, "labels": a.labels, "label": a.labels,
		"label/{name}/values": a.values, "series": a.series, "index/stats": a.indexStats,
		"index/volume": a.volume, "index/volume_range": a.volumeRange, "format_query": a.formatQuery,
		"patterns": a.patterns, "status/buildinfo": a.buildInfo, "tail": a.tail, "detected_labels": a.detectedLabels,
	} {
		mux.Handle("/loki/api/v1/"+path, a.handler(f))
	}
	return mux, nil
}
