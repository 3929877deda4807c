package rca_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// dataFolder holds the PetShop root-cause cases (CC-BY-4.0, Amazon Science), two
// days of quiet and five points of trouble for each, five minutes apart.
const dataFolder = "../../shared/data/rca"

type petCase struct {
	Dataset, Metrics, Normal, Fault string
	ID                              string
	Target                          string `json:"target_service"`
	Root                            string `json:"root_service"`
	Inject                          int64  `json:"inject_time"`
}

// petRow is one line of a metrics file: a time and the value of each column.
type petRow struct {
	t int64
	v map[string]float64
}

func readPet(t *testing.T, path string) []petRow {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []petRow
	for _, line := range lines[1:] {
		at, err := strconv.ParseInt(line[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		row := petRow{t: at, v: make(map[string]float64, len(line))}
		for i := 1; i < len(line); i++ {
			if x, err := strconv.ParseFloat(line[i], 64); err == nil {
				row.v[lines[0][i]] = x
			}
		}
		out = append(out, row)
	}
	return out
}

// petInput joins the last hours of quiet to the trouble at its onset.
func petInput(normal, trouble []petRow, target string, onset time.Time) rca.Input {
	in := rca.Input{Service: target, Onset: onset, At: time.Unix(trouble[len(trouble)-1].t, 0), Step: 5 * time.Minute}
	byName := map[string]*rca.Series{}
	add := func(at time.Time, row petRow) {
		for col, v := range row.v {
			part := strings.Split(col, "|")
			if len(part) != 3 || (part[2] != "Average" && part[2] != "p95") {
				continue
			}
			s := byName[col]
			if s == nil {
				s = &rca.Series{Service: part[0], Signal: part[1] + "_" + part[2], Bad: 1}
				switch part[1] {
				case "availability":
					s.Bad, s.Unit = -1, telemetry.UnitPercent
				case "requests":
					s.Bad = 0
				}
				byName[col] = s
			}
			s.Points = append(s.Points, telemetry.Sample{T: at.UnixMilli(), V: v})
		}
	}
	quiet := normal[max(len(normal)-40, 0):]
	for i, row := range quiet {
		add(onset.Add(-time.Duration(len(quiet)-i+1)*5*time.Minute), row)
	}
	for _, row := range trouble {
		add(time.Unix(row.t, 0), row)
	}
	for _, s := range byName {
		in.Series = append(in.Series, *s)
	}
	slices.SortFunc(in.Series, func(a, b rca.Series) int { return strings.Compare(a.Service+a.Signal, b.Service+b.Signal) })
	return in
}

func petCases(t *testing.T) []petCase {
	text, err := os.ReadFile(filepath.Join(dataFolder, "cases.jsonl"))
	if err != nil {
		t.Skipf("the root-cause cases are not here: %v", err)
	}
	var out []petCase
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var c petCase
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			continue // other data sets name several roots
		}
		if c.Dataset == "petshop" && c.Fault != "load" {
			out = append(out, c)
		}
	}
	return out
}

// TestRank_PetShop_TrueChangeAmongDecoys puts each case's real change, some
// minutes before the trouble, among twenty changes of other services within two
// hours, and then takes it away. The floors are below what was measured, so that
// a loss shows.
func TestRank_PetShop_TrueChangeAmongDecoys(t *testing.T) {
	cases := petCases(t)
	top1, top3, none, n := 0.0, 0.0, 0.0, 0.0
	cfg, normal := rca.DefaultConfig(), map[string][]petRow{}
	for i, c := range cases {
		if normal[c.Normal] == nil {
			normal[c.Normal] = readPet(t, filepath.Join(dataFolder, c.Normal))
		}
		trouble := readPet(t, filepath.Join(dataFolder, c.Metrics))
		onset := time.Unix(trouble[0].t, 0).UTC()
		in := petInput(normal[c.Normal], trouble, c.Target, onset)
		var nodes []string
		for _, s := range in.Series {
			if s.Service != c.Root && s.Service != c.Target && !slices.Contains(nodes, s.Service) {
				nodes = append(nodes, s.Service)
			}
		}
		for seed := range uint64(5) {
			rnd := rand.New(rand.NewPCG(seed, uint64(i)))
			in.Changes = []telemetry.Change{petChange("true", c.Root, onset.Add(-time.Duration(60+rnd.IntN(360))*time.Second))}
			for k := range 20 {
				in.Changes = append(in.Changes, petChange(fmt.Sprintf("decoy%d", k), nodes[rnd.IntN(len(nodes))], onset.Add(-time.Duration(rnd.IntN(7200))*time.Second)))
			}
			r := rca.Rank(in, cfg)
			sane(t, r)
			n++
			at := math.MaxInt
			for k, f := range r.Findings {
				if f.Change != nil && f.Change.ID == "true" {
					at = k
				}
			}
			if at == 0 {
				top1++
			} else if testing.Verbose() && seed == 0 {
				t.Logf("%s root %s at %d\n%s", c.ID, c.Root, at, show(rca.Ranking{Findings: r.Findings[:min(4, len(r.Findings))]}))
			}
			if at < 3 {
				top3++
			}
			in.Changes = in.Changes[1:]
			if r := rca.Rank(in, cfg); r.Findings[0].Change == nil {
				none++
			}
		}
	}
	t.Logf("%d cases, 20 decoys: true change first %.2f, in the first three %.2f; without it \"no recent change fits\" first %.2f", len(cases), top1/n, top3/n, none/n)
	if top1/n < 0.9 || top3/n < 0.97 || none/n < 0.8 {
		t.Errorf("got %.2f, %.2f and %.2f; want at least 0.90, 0.97 and 0.80", top1/n, top3/n, none/n)
	}
}

func petChange(id, service string, start time.Time) telemetry.Change {
	return telemetry.Change{ID: id, Kind: telemetry.KindDeployment, Service: service, Started: start, Status: telemetry.StatusStarted}
}
