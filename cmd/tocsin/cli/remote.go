package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"reflect"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/tocsinhq/tocsin/web/client"
)

// remoteFlags say which running daemon a command speaks to.
type remoteFlags struct {
	URL  string `name:"url" env:"TOCSIN_URL" default:"http://127.0.0.1:9099" help:"Address of the running daemon."`
	JSON bool   `name:"json" help:"Print JSON as the daemon answered it."`
}

func (f remoteFlags) client() (*client.Client, error) { return client.New(f.URL) }

// printJSON writes v indented.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// jsonText returns v indented, with a line break at the end.
func jsonText(v any) ([]byte, error) {
	var b bytes.Buffer
	err := printJSON(&b, v)
	return b.Bytes(), err
}

// table writes rows in aligned columns; the first row is the head.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		for i, cell := range r {
			r[i] = printable(cell)
		}
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	return t.Flush()
}

// say prints as fmt.Fprintf does, with every text among the arguments made
// printable: what a daemon answers came from whoever sent to it.
func say(w io.Writer, format string, args ...any) error {
	for i, a := range args {
		if v := reflect.ValueOf(a); v.Kind() == reflect.String {
			args[i] = printable(v.String())
		}
	}
	_, err := fmt.Fprintf(w, format, args...)
	return err
}

// printable keeps what came from outside from steering the terminal or breaking
// a table.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// printableLines is printable for texts of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(l)
	}
	return strings.Join(lines, "\n")
}

// whoami names the person at the terminal, for timelines.
func whoami() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	return "cli"
}
