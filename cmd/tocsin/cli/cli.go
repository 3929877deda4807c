// Package cli holds the subcommands and flags of the tocsin program. Each
// command is one file with one struct; kong fills the structs from flags and
// environment variables and docs/cli.md is generated from them.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Exit codes of every command.
const (
	ExitOK        = 0 // done, or passed
	ExitFailed    = 1 // not done, or did not pass
	ExitUndecided = 2 // not enough data to say
	ExitUsage     = 3 // wrong flags or arguments
)

// A command that a signal ended before it was done has 128 and the signal's number, see
// exitSignal.

// Version is set by the linker; "dev" in plain builds.
var Version = "dev"

// Program is the root of the command tree.
type Program struct {
	Serve    serveCommand    `cmd:"" help:"Run the daemon until SIGTERM or Ctrl-C."`
	Demo     demoCommand     `cmd:"" help:"Run the daemon together with a small shop that breaks, to see an incident from start to end."`
	Check    checkCommand    `cmd:"" help:"Check configuration and rule files without running anything."`
	Test     testCommand     `cmd:"" help:"Run tests of rules."`
	Incident incidentCommand `cmd:"" help:"List, show, acknowledge and resolve incidents of a running daemon."`
	Replay   replayCommand   `cmd:"" help:"Run an exported incident again, with other settings if asked, and say how what comes out differs."`
	Import   importCommand   `cmd:"" help:"Put the past into a data folder: OpenMetrics files, blocks and data folders of Prometheus, or what a server has."`
	Backtest backtestCommand `cmd:"" help:"Run the detector over the past, of CSV files, the store or a Prometheus, and write a row for each sample."`
	Explain  explainCommand  `cmd:"" help:"Ask a running daemon why a sample of a series was or was not odd."`
	Query    queryCommand    `cmd:"" help:"Ask a running daemon for what it has stored."`
	Notify   notifyCommand   `cmd:"" help:"Show what became of messages and what they look like, and try channels out."`
	Silence  silenceCommand  `cmd:"" help:"Make, list, end and import silences of a running daemon."`
	Change   changeCommand   `cmd:"" help:"Tell a running daemon of a change, or list the changes it knows."`
	Rules    rulesCommand    `cmd:"" help:"Ask a running daemon what its alerts did, shadow alerts included."`
	Topology topologyCommand `cmd:"" help:"Show which service depends on which, with figures of each, as a running daemon knows it."`
	Expected expectedCommand `cmd:"" help:"Say what is expected for a while, so that it opens nothing."`
	RCA      rcaCommand      `cmd:"" name:"rca" help:"Show, refit and undo the weights that rankings of causes go by."`
	Budget   budgetCommand   `cmd:"" help:"Show what the services of a running daemon have spent of their false-alarm budgets."`
	Report   reportCommand   `cmd:"" help:"Ask a running daemon what is to come."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// streams is what commands write to; bound into every Run by kong.
type streams struct {
	out, err io.Writer
}

// errExit carries an exit code; its message, if any, was printed already.
type errExit int

func (e errExit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// NewParser returns the kong parser of the program, which docs/cli.md is made
// from. Help and usage go to out; exit is called after --help.
func NewParser(p *Program, out io.Writer, exit func(int)) (*kong.Kong, error) {
	return kong.New(p,
		kong.Name("tocsin"),
		kong.Description("Tocsin watches metrics, explains what broke, and tells people."),
		kong.UsageOnError(),
		kong.Writers(out, out),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

// Run parses args, runs the command and returns the exit code. The first SIGINT
// or SIGTERM cancels the command's context; the second ends the process at once. A
// command that fails for that says so, and what there is of its work.
func Run(args []string, stdout, stderr io.Writer) int {
	var p Program
	exited := -1
	parser, err := NewParser(&p, stdout, func(code int) { exited = code })
	if err != nil {
		fmt.Fprintln(stderr, "tocsin:", err)
		return ExitUsage
	}
	kctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err == nil {
		err = emptyFlag(kctx, args)
	}
	if err != nil {
		fmt.Fprintln(stderr, "tocsin:", err)
		fmt.Fprintln(stderr, `run "tocsin --help" for the commands and flags`)
		return ExitUsage
	}
	ctx, stop := signalContext(context.Background(), stderr)
	defer stop()
	kctx.BindTo(ctx, (*context.Context)(nil))
	kctx.Bind(streams{out: stdout, err: stderr})
	err = kctx.Run()
	var code errExit
	var ended signalled
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(context.Cause(ctx), &ended):
		fmt.Fprintln(stderr, "tocsin:", printableLines(ended.text(kctx.Command(), err)))
		return ended.exit()
	default:
		fmt.Fprintln(stderr, "tocsin:", printableLines(err.Error()))
		return ExitFailed
	}
}

type versionCommand struct{}

func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "tocsin", Version)
	return err
}
