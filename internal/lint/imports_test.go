package lint

import (
	"fmt"
	"slices"
	"strings"
)

// mayImport is the import table: which packages of ours a package may import.
// The data run from the left to the right of
//
//	telemetry, topology, detector, store and ingest, backtest, backfill, bands, cardinality, warm, change, rules, incident,
//	rca, notify, notify's channels, report, web, config, app, trial, programs
//
// and an import may only point to the left. "x/..." is x and all below it; the
// row of the package itself counts, else the longest that covers it. What a stage hands to the next one is a func or
// a one-method interface that app fills in. Tests are free.
var mayImport = map[string][]string{
	"internal/yamldoc":   {},
	"internal/promfile":  {"internal/yamldoc"},
	"internal/amfile":    {"internal/yamldoc"},
	"internal/lint":      {},
	"internal/tally":     {},
	"internal/prefetch":  {},
	"internal/keyhash":   {},
	"internal/labeltext": {},
	"internal/disk":      {},
	"internal/noise":     {},
	"configs":            {},
	"telemetry":          {"internal/yamldoc"},
	"topology":           {"internal/yamldoc", "telemetry"},
	"detector":           {"internal/yamldoc", "internal/prefetch", "telemetry", "topology"},
	"store":              {"internal/yamldoc", "internal/prefetch", "internal/keyhash", "internal/labeltext", "internal/disk", "telemetry", "store/head"},
	"store/...":          {"internal/yamldoc", "telemetry", "store/..."},
	"backtest":           {"internal/yamldoc", "telemetry", "topology", "detector", "store/..."},
	"backfill":           {"internal/yamldoc", "internal/disk", "telemetry", "store/..."},
	"cardinality":        {"telemetry"},
	"bands":              {"internal/yamldoc", "telemetry", "detector"},
	"warm":               {"internal/yamldoc", "telemetry", "detector", "store/..."},
	"store/forward":      {"internal/promfile"},
	"store/head":         {"internal/prefetch", "internal/labeltext", "internal/disk"},
	"ingest/...":         {"internal/yamldoc", "telemetry", "ingest/..."},
	"logs/template":      {"internal/yamldoc", "internal/disk", "telemetry"},
	"logs/watch":         {"internal/yamldoc", "telemetry", "logs/template"},
	"ingest/scrape":      {"internal/yamldoc", "internal/promfile"},
	"change/...":         {"internal/yamldoc", "telemetry", "change/..."},
	"logs":               {"internal/yamldoc", "internal/disk", "telemetry", "logs/..."},
	"logs/...":           {"internal/yamldoc", "telemetry", "logs/..."},
	"rules/...":          {"internal/yamldoc", "telemetry", "topology", "rules/..."},
	"incident":           {"internal/yamldoc", "telemetry", "topology", "detector", "logs/watch", "rules/..."},
	"rca":                {"internal/yamldoc", "telemetry", "change", "rules/..."},
	"notify":             {"internal/yamldoc", "telemetry", "incident", "rca"},
	"notify/silence":     {},
	"notify/window":      {"internal/yamldoc", "internal/amfile"},
	"notify/...":         {"internal/yamldoc", "internal/amfile", "telemetry", "incident", "rca", "notify/..."},
	"report":             {"internal/yamldoc", "telemetry", "change/...", "rules/...", "incident", "rca", "notify", "notify/chart"},
	"report/capture":     {"telemetry", "incident"},
	"web/...": {"report/...", "internal/yamldoc", "telemetry", "topology", "detector", "store/...", "ingest/...", "logs/...", "change/...",
		"rules/...", "incident/...", "rca/...", "notify/...", "web/..."},
	"config": {"report", "internal/yamldoc", "internal/promfile", "internal/amfile", "telemetry", "topology", "detector", "store/...", "bands", "warm", "ingest/...", "logs/...", "change/...",
		"rules/...", "incident/...", "rca/...", "notify/...", "web/..."},
	"app": {"report/...", "internal/yamldoc", "internal/promfile", "internal/amfile", "telemetry", "topology", "detector", "store/...", "bands", "backfill", "cardinality", "warm", "ingest/...", "logs/...", "change/...",
		"rules/...", "incident/...", "rca/...", "notify/...", "web/...", "config", "configs"},
	"trial/...": {"report/capture", "logs/template", "internal/yamldoc", "internal/noise", "telemetry", "topology", "detector", "store/...", "bands", "change", "rules/...", "incident", "rca", "notify/...",
		"config", "app"},
	"internal/docgen/...": {"..."},
	"internal/story/...":  {"..."},
	"demo/...":            {"..."},
	"cmd/...":             {"..."},
	"bench/...":           {"..."},
	"test/...":            {"..."},

	"incident/similar":   {"incident"},
	"incident/resolving": {},
	"rca/feedback":       {"telemetry", "incident", "rca"},
}

// imports holds the import table.
func imports(t *tree) []string {
	var wrong []string
	told := map[string]bool{}
	for _, f := range t.files {
		if f.test {
			continue
		}
		row, allowed, ok := rowOf(f.dir)
		if !ok {
			if !told[f.dir] {
				told[f.dir] = true
				wrong = append(wrong, fmt.Sprintf("%s: package %s has no row in mayImport (internal/lint/imports_test.go); "+
					"add one with the packages to the left of it that it may import", f.path, f.dir))
			}
			continue
		}
		for _, spec := range f.syntax.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/")
			if !ours || slices.ContainsFunc(allowed, func(pattern string) bool { return covers(pattern, imported) }) {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s (row %q allows %s); take a func or a one-method "+
				"interface and let app hand it over", t.at(spec.Pos()), f.dir, imported, row, orNone(allowed)))
		}
	}
	return wrong
}

func orNone(allowed []string) string {
	if len(allowed) == 0 {
		return "no package of ours"
	}
	return strings.Join(allowed, ", ")
}

// rowOf returns the most exact row of the table for a package.
func rowOf(dir string) (pattern string, allowed []string, ok bool) {
	if allowed, ok := mayImport[dir]; ok {
		return dir, allowed, true
	}
	for p, a := range mayImport {
		if covers(p, dir) && len(p) > len(pattern) {
			pattern, allowed, ok = p, a, true
		}
	}
	return pattern, allowed, ok
}

func covers(pattern, dir string) bool {
	prefix, below := strings.CutSuffix(pattern, "...")
	if !below {
		return pattern == dir
	}
	return prefix == "" || strings.HasPrefix(dir+"/", prefix)
}
