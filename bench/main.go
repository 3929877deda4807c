// Command bench runs one of Tocsin's benchmarks:
//
//	go run ./bench NAME [--data DIR] [flags]
//
// It prints a table for people and, as its last line, one JSON object
// {"bench":NAME,"commit":...,"figures":{...}}. A bench that lacks its data or a
// peer to compare with says so and exits with 2.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// figures are the numbers of a bench by name; other programs rely on the names.
type figures map[string]float64

// bench is one benchmark: it reads its flags from args, prints its table to out
// and returns its figures.
type bench struct {
	name, help string
	run        func(args []string, out io.Writer) (figures, error)
}

// benches is the table of all; each lives in a file of its own name.
var benches = []bench{
	{"detection", "event recall, delay, false alarms and cost of the detector on labelled series", detection},
	{"groups", "event recall and ranking of guilty metrics over all metrics of a service", groups},
	{"grouping", "how odd things during injected faults become incidents: covered, fragments, merged, noise", groupingBench},
	{"forecast", "coverage and error of the detector's forecasts against seasonal-naive", forecast},
	{"capacity", "when what fills up is full, beside lines through the last hours", capacity},
	{"ingest", "cost of receiving samples beside Prometheus and VictoriaMetrics", ingest},
	{"verdict", "how often changes without effect are called faulty, and those with one are found", verdictBench},
	{"logs", "templates of log lines beside those that people gave, and their cost", logs},

	{"rules", "evaluation of rules beside Prometheus, and intake of alerts beside Alertmanager", rulesBench},
	{"logs-store", "size, speed and needles of the log store alone", logsStoreAlone},
	{"spans", "cost of receiving spans and what is made of them, beside the OpenTelemetry Collector", spansBench},
	{"rca", "whether root causes are found among services and changes", rcaBench},
	{"similar", "past incidents that are found again by what they look like", similarBench},
	{"families", "what the series of a name teach those that come after them", families},
	{"budget", "false alarms of services in which nothing is wrong, of what their budget allows", budgetBench},
	{"incidents", "samples until incidents of made-up series of all kinds are told", incidents},
	{"digest", "a hash of all that the detector says, for changes that must change nothing", digest},
	{"nab", "the detector by the rule of the Numenta Anomaly Benchmark, without look-ahead", nab},
	{"around", "means of the figures of detection and nab over settings about the chosen one", around},
}

// errLacking is wrapped by errors that say that data or a peer is not there.
var errLacking = errors.New("bench cannot run here")

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, out, complaints io.Writer) int {
	i := -1
	if len(args) > 0 {
		i = slices.IndexFunc(benches, func(b bench) bool { return b.name == args[0] })
	}
	if i < 0 {
		fmt.Fprintln(complaints, "usage: go run ./bench NAME [--data DIR] [flags]")
		for _, b := range benches {
			fmt.Fprintf(complaints, "  %-12s %s\n", b.name, b.help)
		}
		return 3
	}
	found, err := benches[i].run(args[1:], out)
	if errors.Is(err, flag.ErrHelp) {
		return 0 // the flags are listed
	}
	if err != nil {
		fmt.Fprintf(complaints, "bench %s: %v\n", benches[i].name, err)
		if errors.Is(err, errLacking) {
			return 2
		}
		return 1
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if v := found[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			fmt.Fprintf(out, "no figure %s: these data do not decide it\n", name)
			delete(found, name)
		}
	}
	last, err := json.Marshal(struct {
		Bench   string  `json:"bench"`
		Commit  string  `json:"commit"`
		Figures figures `json:"figures"`
	}{benches[i].name, commit(), found})
	if err != nil {
		fmt.Fprintf(complaints, "bench %s: %v\n", benches[i].name, err)
		return 1
	}
	fmt.Fprintln(out, string(last))
	return 0
}

// commit names the commit that is checked out here, empty if that is unknown.
func commit() string {
	id, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}
