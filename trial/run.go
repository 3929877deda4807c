package trial

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Options say which tests to run and what to tell of them.
type Options struct {
	Files []string
	Only  *regexp.Regexp // run the groups whose names match; nil is all
	Debug io.Writer      // told of each group, its time and its data; nil is nobody
	Dir   string         // where data folders are made; empty is the system's for temporary files
	Done  func(FileResult)
}

// FileResult is what became of one file.
type FileResult struct {
	File   string
	Notes  []string // such as patterns that match nothing
	Err    error    // the file could not be run at all
	Groups []GroupResult
	Began  time.Time
}

// GroupResult is what became of one group of tests.
type GroupResult struct {
	Name     string
	Line     int
	Failures []string // each a sentence, with further lines below it
	Took     time.Duration
}

// OK reports whether everything in the file held.
func (r FileResult) OK() bool {
	for _, g := range r.Groups {
		if len(g.Failures) > 0 {
			return false
		}
	}
	return r.Err == nil
}

// Run runs the files one after the other and returns what became of each, also to
// o.Done as soon as it is known. The error is that of ctx; what is wrong with a
// file or a test is in its result. Each group gets a data folder of its own,
// which is removed again.
func Run(ctx context.Context, o Options) ([]FileResult, error) {
	var out []FileResult
	for _, path := range o.Files {
		r := runFile(ctx, o, path)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		out = append(out, r)
		if o.Done != nil {
			o.Done(r)
		}
	}
	return out, nil
}

func runFile(ctx context.Context, o Options, path string) FileResult {
	r := FileResult{File: path, Began: time.Now()}
	f, notes, err := Read(path)
	r.Notes = notes
	if err != nil {
		r.Err = err
		return r
	}
	for i := range f.Tests {
		g := &f.Tests[i]
		if o.Only != nil && !o.Only.MatchString(g.Name) {
			continue
		}
		name := g.Name
		if name == "" {
			name = fmt.Sprintf("unnamed#%d", i)
		}
		began := time.Now()
		failures := runGroup(ctx, o, f, g, name)
		r.Groups = append(r.Groups, GroupResult{Name: name, Line: g.line, Failures: failures, Took: time.Since(began)})
		if ctx.Err() != nil {
			break
		}
	}
	return r
}

func runGroup(ctx context.Context, o Options, f *File, g *Group, name string) []string {
	dir, err := os.MkdirTemp(o.Dir, "tocsin-test-")
	if err != nil {
		return []string{fmt.Sprintf("make a data folder: %v", err)}
	}
	defer os.RemoveAll(dir)
	if o.Debug != nil {
		began := time.Now()
		fmt.Fprintf(o.Debug, "DEBUG: starting test %s\n", name)
		defer func() {
			fmt.Fprintf(o.Debug, "DEBUG: test %s took %s\n", name, time.Since(began).Round(time.Millisecond))
		}()
	}
	p := &player{file: f, group: g, dir: filepath.Join(dir, "data"), log: slog.New(slog.DiscardHandler), debug: o.Debug}
	failed, err := p.play(ctx)
	if err != nil {
		failed = append(failed, err.Error())
	}
	return failed
}
