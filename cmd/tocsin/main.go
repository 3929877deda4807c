// Command tocsin tells a team when its systems misbehave, why, and fixes what it
// safely can. This file only hands over to package cli.
package main

import (
	"os"
	_ "time/tzdata" // half a megabyte: minimal images have no time zones, and a configuration that names one would not load there

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], os.Stdout, os.Stderr))
}
