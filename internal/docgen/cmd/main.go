// Command cmd writes the generated pages of docs/: the reference of the
// configuration file, made from the Config structs and their comments, that of
// the command line, the parameters of the detector, and the catalogue of signals. With -check it only says which pages are out of date.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/internal/docgen"
	"github.com/tocsinhq/tocsin/rules/signal"
)

//go:generate go run . -root ../../..

func main() {
	root := flag.String("root", ".", "folder of the repository")
	check := flag.Bool("check", false, "change nothing; fail when a page is out of date")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	parser, err := cli.NewParser(&cli.Program{}, io.Discard, func(int) {})
	if err != nil {
		return err
	}
	catalogue, err := signal.Default()
	if err != nil {
		return err
	}
	pages := []docgen.Page{
		{Path: "docs/configuration.md", Render: func(w io.Writer) error {
			return docgen.Config(w, reflect.ValueOf(config.Default()), []string{root})
		}},
		{Path: "docs/cli.md", Render: func(w io.Writer) error { return docgen.CLI(w, parser.Model) }},
		{Path: "docs/detector-parameters.md", Render: func(w io.Writer) error { return docgen.Parameters(w, []string{root}) }},
		{Path: "docs/signals.md", Render: func(w io.Writer) error { return docgen.Signals(w, catalogue) }},
	}
	if check {
		return docgen.Check(root, pages...)
	}
	return docgen.Write(root, pages...)
}
