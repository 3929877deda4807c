package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/web"
)

type incidentExport struct {
	URL     string      `name:"url" env:"TOCSIN_URL" default:"http://127.0.0.1:9099" help:"Address of the running daemon."`
	ID      string      `arg:"" help:"Id of the incident."`
	Before  horizonFlag `default:"2h" help:"How long before its onset samples are played."`
	After   horizonFlag `default:"30m" help:"And how long after its end."`
	History horizonFlag `default:"7d" help:"How long before that the detector learns from."`
	Out     string      `type:"path" help:"File to write; incident-ID.tocsin by default."`
}

func (c *incidentExport) Run(ctx context.Context, s streams) error {
	cl, err := remoteFlags{URL: c.URL}.client()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	r := web.CaptureRequest{ID: c.ID, Before: time.Duration(c.Before), After: time.Duration(c.After), History: time.Duration(c.History)}
	if err := cl.Export(ctx, r, &b); err != nil {
		return err
	}
	size := b.Len()
	got, err := capture.Read("of the daemon", bytes.NewReader(b.Bytes()), capture.DefaultLimits())
	if err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		if !fileName.MatchString(c.ID) {
			return fmt.Errorf("export: the id %q cannot be part of the name of a file; give --out", c.ID)
		}
		out = "incident-" + c.ID + ".tocsin"
	}
	if err := os.WriteFile(out, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	samples := 0
	for _, x := range got.Series {
		samples += len(x.Samples)
	}
	for _, n := range got.Head.Notes {
		if err := say(s.err, "note: %s\n", n); err != nil {
			return err
		}
	}
	return say(s.out, "%s: %d bytes, %d samples in %d series, %d changes, %d log lines; run it again with: tocsin replay %s\n",
		out, size, samples, len(got.Series), len(got.Changes), len(got.Lines), out)
}
