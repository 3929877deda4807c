package docgen_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tocsinhq/tocsin/internal/docgen"
	"github.com/tocsinhq/tocsin/internal/docgen/testdata/shop/config"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

var shop = []string{"testdata/shop"}

func golden(t *testing.T, name string, render func(io.Writer) error) {
	t.Helper()
	page := docgen.Page{Path: name, Render: render}
	if *rewrite {
		if err := docgen.Write("testdata", page); err != nil {
			t.Fatal(err)
		}
	}
	if err := docgen.Check("testdata", page); err != nil {
		var got bytes.Buffer
		_ = render(&got)
		t.Errorf("%v (or run this test with -rewrite and read the diff); got\n%s", err, got.String())
	}
}

func TestConfig_Shop_IsAsTheGoldenFile(t *testing.T) {
	golden(t, "configuration.md", func(w io.Writer) error {
		return docgen.Config(w, reflect.ValueOf(config.Default()), shop)
	})
}

func TestConfig_PointerAndValue_AreTheSame(t *testing.T) {
	var one, two bytes.Buffer
	cfg := config.Default()
	if err := errors.Join(docgen.Config(&one, reflect.ValueOf(cfg), shop), docgen.Config(&two, reflect.ValueOf(&cfg), shop)); err != nil {
		t.Fatal(err)
	}
	if one.String() != two.String() {
		t.Error("a pointer gives another page than its value")
	}
}

func TestConfig_Wrong_SaysWhat(t *testing.T) {
	tests := []struct {
		name string
		root any
		dirs []string
		want []string
	}{
		{"no comment", config.Silent{}, shop, []string{"config.Silent.Quiet has no comment", "config.Quiet.Still has no comment"}},
		{"no source", config.Default(), []string{"testdata/shop/web"}, []string{"docgen/testdata/shop/config is in none of the source folders"}},
		{"no such folder", config.Default(), []string{"testdata/shop/config/x"}, []string{"is in none of the source folders"}},
		{"no module", config.Default(), []string{"/"}, []string{"want a go.mod in it or above it"}},
		{"no name", struct {
			A int `yaml:"a"`
		}{}, shop, []string{"a struct without a name has no comments"}},
		{"no struct", 5, shop, []string{"want a struct or a pointer to one, got int"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := docgen.Config(&out, reflect.ValueOf(tt.root), tt.dirs)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
					t.Errorf("got %v and %d bytes, want %q and nothing written", err, out.Len(), want)
				}
			}
		})
	}
}

// grammar is a command line with one of each kind of thing.
type grammar struct {
	Verbose bool   `help:"Say more." short:"v"`
	Secret  string `help:"Not shown." hidden:""`

	Serve struct {
		Config  string        `name:"config.file" help:"The configuration." env:"SHOP_CONFIG_FILE" placeholder:"FILE"`
		Address string        `name:"web.listen-address" help:"Where to listen." default:"127.0.0.1:80"`
		Level   string        `name:"log.level" help:"How much to log." enum:"debug,info,warn" default:"info"`
		Wait    time.Duration `help:"Longest | queue." default:"5m"`
		Color   bool          `help:"Paint." negatable:"" default:"true"`
		Labels  []string      `help:"Labels." required:""`
	} `cmd:"" help:"Open the shop." aliases:"open"`
	Check struct {
		Strict bool `help:"Refuse more."`
		Config struct {
			Shelf string   `arg:"" help:"Where to look."`
			Files []string `arg:"" optional:"" help:"Files to read." name:"file" default:"a.yml"`
		} `cmd:"" help:"Check the configuration."`
		Price struct {
			ID struct {
				ID   string   `arg:"" help:"Which one."`
				Show struct{} `cmd:"" help:"Show a price."`
			} `arg:""`
		} `cmd:"" help:"Prices."`
	} `cmd:"" help:"Look at files."`
	Debug struct{} `cmd:"" hidden:"" help:"Not shown."`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	k, err := kong.New(&grammar{}, kong.Name("shop"), kong.Description("A shop that sells."))
	if err != nil {
		t.Fatal(err)
	}
	return k.Model
}

func TestCLI_Shop_IsAsTheGoldenFile(t *testing.T) {
	golden(t, "cli.md", func(w io.Writer) error { return docgen.CLI(w, model(t)) })
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestCLIAndConfig_WriterFails_SayIt(t *testing.T) {
	if err := docgen.CLI(fullDisk{}, model(t)); err == nil {
		t.Error("CLI: want the writer's error")
	}
	if err := docgen.Config(fullDisk{}, reflect.ValueOf(config.Default()), shop); err == nil {
		t.Error("Config: want the writer's error")
	}
}

func TestWriteAndCheck_Files(t *testing.T) {
	root := t.TempDir()
	text := "one"
	page := docgen.Page{Path: "a.md", Render: func(w io.Writer) error { _, err := fmt.Fprint(w, text); return err }}
	other := docgen.Page{Path: "b.md", Render: page.Render}
	if err := docgen.Check(root, page, other); !errors.Is(err, docgen.ErrStale) || !strings.Contains(err.Error(), "a.md, b.md: out of date; run make docs") {
		t.Errorf("missing files: got %v", err)
	}
	if err := docgen.Write(root, page, other); err != nil {
		t.Fatal(err)
	}
	if err := docgen.Check(root, page, other); err != nil {
		t.Errorf("right after Write: got %v", err)
	}
	before, _ := os.Stat(filepath.Join(root, "a.md"))
	if err := docgen.Write(root, page); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(filepath.Join(root, "a.md")); !after.ModTime().Equal(before.ModTime()) {
		t.Error("a file that is right was written again")
	}
	text = "two"
	if err := docgen.Check(root, page); !errors.Is(err, docgen.ErrStale) {
		t.Errorf("changed code: got %v", err)
	}
	broken := docgen.Page{Path: "a.md", Render: func(io.Writer) error { return errors.New("no source") }}
	for _, err := range []error{docgen.Write(root, broken), docgen.Check(root, broken)} {
		if err == nil || err.Error() != "rendering a.md: no source" {
			t.Errorf("got %v", err)
		}
	}
	if err := docgen.Write(root, docgen.Page{Path: "no/such/a.md", Render: page.Render}); err == nil {
		t.Error("want an error for a folder that is not there")
	}
}
