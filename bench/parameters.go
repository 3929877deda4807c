package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/tocsinhq/tocsin/detector"
)

// tuning is a file with other parameters of the detector, for trying them without
// a build. Nothing but benches reads such files.
type tuning struct{ path *string }

// parametersFlag defines --parameters.
func parametersFlag(flags *flag.FlagSet) tuning {
	return tuning{flags.String("parameters", "", "JSON file with other parameters of the detector, as {\"Tail\":{\"Prior\":0.3}}; see docs/detector-parameters.md")}
}

// parse parses the arguments of a bench and returns config.
func (t tuning) parse(flags *flag.FlagSet, args []string, out io.Writer) (detector.Config, error) {
	if err := flags.Parse(args); err != nil {
		return detector.Config{}, err
	}
	return t.config(out)
}

// config returns the default configuration with what the file overrides, and
// prints each parameter that is not the default, so that a result cannot be taken
// for that of another.
func (t tuning) config(out io.Writer) (detector.Config, error) {
	cfg := detector.DefaultConfig()
	if *t.path == "" {
		return cfg, nil
	}
	f, err := os.Open(*t.path)
	if err != nil {
		return cfg, fmt.Errorf("--parameters: %w", err)
	}
	defer f.Close()
	p, err := detector.ParseParameters(f)
	if err != nil {
		return cfg, fmt.Errorf("--parameters %s: %w", *t.path, err)
	}
	usual := detector.DefaultParameters().All()
	for i, x := range p.All() {
		if x.Value != usual[i].Value {
			fmt.Fprintf(out, "parameter %s is %v instead of %v\n", x.Name, x.Value, usual[i].Value)
		}
	}
	cfg.Parameters = &p
	return cfg, nil
}
