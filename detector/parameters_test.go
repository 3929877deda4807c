package detector_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// notTunable are the numbers of detector/ that are no parameters, by file, and by
// the function whose body holds a literal or the constant's own name, and why.
var notTunable = map[string]string{
	"away.go mostAway": "memory", "young.go copiesOfBusy": "memory", "evict.go evictPause": "house-keeping of memory", "evict.go evictEach": "house-keeping of memory",
	"evict.go evictShare": "house-keeping of memory", "slab.go chunkSize": "layout", "slab.go blockMost": "layout", "slab.go blockLeast": "layout", "slab.go hugePage": "layout",
	"batch.go aheadFar": "prefetching", "batch.go aheadNear": "prefetching", "batch.go cacheLine": "layout", "batch.go hotLines": "layout",
	"flush.go flushBelow": "arithmetic", "flush.go flushLeast": "arithmetic", "brief.go briefLeast": "arithmetic", "brief.go octaveSteps": "fixed point", "brief.go octaveZero": "fixed point", "brief.go shareSteps": "fixed point", "power.go powerUnit": "fixed point",
	"checkpoint.go checkpointVersion": "format", "checkpoint.go checkpointOldest": "format", "checkpoint.go checkpointHead": "format", "checkpoint.go checkpointEbbs": "format", "ebb.go ebbSteps": "fixed point", "ebb.go ebbMost": "fixed point", "checkpoint.go classicBlock": "format",
	"checkpoint_blocks.go blockFrame": "format", "checkpoint_blocks.go blockBytes": "memory", "checkpoint_blocks.go largestBlock": "limit of a format",
	"checkpoint_blocks.go blockStep": "memory", "checkpoint_restore.go blocksAhead": "memory",
	"checkpoint_labels.go mostPairs": "limit of a format", "checkpoint_labels.go mostText": "limit of a format",
	"histogram_checkpoint.go mostSpans": "limit of a format", "histogram_lately.go latelyKept": "memory",
	"family.go startSteps": "fixed point", "family.go startLeast": "fixed point", "family.go startCount": "fixed point", "family.go start": "the middle of a step",
	"family.go familiesMost": "memory", "family.go familiesEach": "cost",
	"still.go longSeen": "layout", "step.go looksEach": "cost: what follows from little", "prepared.go wholeSteps": "size of a table", "glide.go _": "how many are written out", "prepared.go params": "less than any difference that counts", "service.go shareLeast": "one step of a fixed point",
	"config.go DefaultConfig": "set by the operator", "config.go Validate": "ranges of what the operator sets", "config.go hoursPerWeek": "clock",
	"episode.go farMost":             "arithmetic",
	"explain_text.go leastDigits":    "text",
	"explain_evidence.go seenRecord": "index", "explain_evidence.go seenStill": "index", "explain_evidence.go seenShape": "index", "explain_evidence.go seenAll": "index",
	"explain_parts.go weights": "zero of a sum", "explain_parts.go scaleParts": "one, and rounding of a float64",
	"forecast.go untilSteps": "cost of one question",
	"histogram.go quantiles": "layout", "histogram.go quantileOf": "in the names of series", "histogram.go maxBuckets": "memory", "histogram.go usualBuckets": "layout",
	"judge.go rounding": "rounding of a float32", "judge.go surest": "rounding of a float64", "judge.go score": "where an exponential is nothing in a float64",
	"metrics.go BytesPerSeries": "memory: labels and index, to be shown",
	"alike.go alikeShift":       "bits", "alike.go alikeMost": "bits",
	"edge.go across": "with EdgeNear", "edge.go evenRounds": "rounding of a fixed point", "series.go flagEven": "bits",
	"lag.go lagShift": "bits", "lag.go lagMost": "bits", "lag.go lagUnit": "fixed point",
	"lag.go lagHour":   "in units of a fixed point",
	"learn.go measure": "rounding of a float64", "look.go secondsHour": "clock", "look.go byteOf": "rounding to a byte",
	"novelty.go novelLevels": "layout", "novelty.go samples": "no division by zero", "novelty.go ends": "no division by zero, and rounding",
	"observe.go largest":    "range of a float32",
	"observe.go smallest":   "range of a float32",
	"unit.go fractionLeast": "arithmetic",
	"outlook.go horizons":   "layout", "outlook.go pendings": "layout", "outlook.go outlookTick": "layout: hours", "outlook.go aheads": "layout: which forecast lies where",
	"outlook.go drifts": "index", "outlook.go turns": "indexes", "outlook.go turn": "zero", "outlook.go drift": "zeros of sums",
	"outlook.go fourth": "index", "outlook_pace.go paceDays": "layout: levels that are kept", "outlook_pace.go paceRecent": "moves of which a step may have part in two", "outlook_pace.go weekly": "zero of a sum", "outlook_spurt.go hours": "the middle of a part", "outlook_spurt.go onset": "the middle of a part", "outlook_pace.go daily": "zero of a sum", "outlook_pace.go withoutOutlier": "zero of a largest",
	"outlook_at.go at": "the nearer of two", "outlook_at.go widest": "zero of a sum", "outlook_at.go multiple": "the coverages that are learned: 80, 90 and 95 %",
	"quantile.go smallGain": "that of PromQL", "quantile.go bucketQuantile": "zero",
	"silence_past.go sweepEvery": "of the daemon", "silence_past.go sweepsMost": "cost",
	"run.go runBonus":      "mathematics: autocorrelation from a ratio of errors",
	"season.go dayBuckets": "layout", "season.go spreadBuckets": "layout", "season.go weekBuckets": "layout", "season.go hourBuckets": "layout",
	"season.go secondsDay": "clock", "season.go allKnown": "bits", "season.go weekWidth": "layout", "season.go quartersOfDay": "layout", "season.go spreadUnit": "fixed point", "season.go unitSteps": "fixed point",
	"moved.go visitFirst": "bits", "moved.go visitFlags": "bits",
	"season.go weekAt": "the nearer of two", "season.go hourUnits": "fixed point", "season.go leastUnit": "range of a float32",
	"recurring_slot.go recurring": "layout", "recurring_sporadic.go sporadicCounts": "layout", "recurring_sporadic.go sporadicRates": "layout", "recurring_sporadic.go spanSteps": "layout", "recurring_sporadic.go sporadicToday": "bits", "recurring_slot.go sizeSteps": "fixed point", "recurring_slot.go holds": "range of a fixed point",
	"recurring_slot.go minutesDay": "clock", "recurring_slot.go minutesWeek": "clock", "recurring_slot.go minuteSteps": "fixed point", "recurring_slot.go minuteBits": "bits", "recurring_slot.go countBits": "bits",
	"recurring_slot.go todayBits": "bits", "recurring_slot.go weekdayBits": "bits", "recurring_slot.go spans": "bits", "learn.go spread": "an even sequence, and its middle", "recurring_often.go everyMinutes": "clock: they divide a day", "recurring_slot.go levelWeekly": "bits", "recurring_slot.go weeklyLong": "bits", "recurring_slot.go weeklyMost": "bits", "recurring_slot.go weeklyCounts": "bits", "recurring_slot.go sizeAt": "bits", "recurring_slot.go sizeBits": "bits", "recurring_slot.go noDay": "bits",
	"recurring_slot.go sizeZero": "fixed point", "recurring_slot.go sizeMost": "fixed point", "season.go set": "no division by zero, and widths of buckets",
	"season_learn.go learn": "one by the buckets of a day", "season_learn.go learnWeek": "the nearer of two", "season_learn.go refine": "halving of a fixed point",
	"series.go experts": "layout", "series.go charts": "layout", "series.go storms": "layout", "series.go flagUsed": "bits",
	"service.go shareUnits": "fixed point", "service.go notRare": "stands for none", "service.go shareAt": "rounding",
	"service_bank.go serviceChunk": "layout", "service_group.go oddMost": "layout", "service_headcount.go numberUnits": "fixed point", "service_headcount.go quartersDay": "layout", "service_headcount.go quarterTime": "clock", "service_group.go guiltyMost": "layout",
	"service_group.go guilty": "zero of a sum", "service_offset.go secondsWeek": "clock", "service_spent.go spentDays": "layout",
	"service_spent.go spentKept": "layout", "service_spent.go msDay": "clock",
	"verdict.go bucketSlot": "bits", "verdict.go nativeSlot": "bits", "verdict.go OutsideSlot": "bits", "verdict.go refusedEpochs": "bits", "verdict.go goneSlot": "bits",
	"zone.go zoneFirstYear": "calendar", "zone.go zoneLastYear": "calendar",
}

// numbers returns where a file declares a constant or variable with a number in
// it, and where a function has a number with a point.
func numbers(name string, file *ast.File) []string {
	var out []string
	has := func(n ast.Node, kinds ...token.Token) (found bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			l, ok := n.(*ast.BasicLit)
			found = found || ok && slices.Contains(kinds, l.Kind)
			return true
		})
		return found
	}
	for _, d := range file.Decls {
		switch x := d.(type) {
		case *ast.FuncDecl:
			if has(x, token.FLOAT) {
				out = append(out, name+" "+x.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range x.Specs {
				v, ok := s.(*ast.ValueSpec)
				for i := 0; ok && i < len(v.Values); i++ {
					if has(v.Values[i], token.FLOAT, token.INT) {
						out = append(out, name+" "+v.Names[i].Name)
					}
				}
			}
		}
	}
	return out
}

func TestConstants_WhatCanBeTunedIsAParameter(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 40 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "parameters") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range numbers(path, file) {
			seen[at] = true
			if notTunable[at] == "" {
				t.Errorf("%s: a number beside its formula; make it a field of Parameters, or say in notTunable why it is none", at)
			}
		}
	}
	for at := range notTunable {
		if !seen[at] {
			t.Errorf("notTunable lists %s, where there is no number any more; take it out", at)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nconst rate = 0.3\nfunc f() float64 { return 1.5 }\nvar names = \"\"\n", 0)
	if got := numbers("x.go", file); err != nil || !slices.Equal(got, []string{"x.go rate", "x.go f"}) {
		t.Errorf("of a made-up file: got %v, %v", got, err)
	}
}

func TestParameters_Default_IsValidAndEveryRangeIsHeld(t *testing.T) {
	p := detector.DefaultParameters()
	p.Validate(func(path, format string, args ...any) {
		t.Errorf("default: %s: "+format, append([]any{path}, args...)...)
	})
	all := p.All()
	if len(all) < 180 {
		t.Errorf("%d parameters, want all", len(all))
	}
	for _, x := range all {
		if !(x.Low < x.High) {
			t.Errorf("%s has no range", x.Name)
		}
	}
	// Out of range one by one.
	v := reflect.ValueOf(&p).Elem()
	at := 0
	for i := range v.NumField() {
		for j := range v.Field(i).NumField() {
			f := v.Field(i).Field(j)
			elements := []reflect.Value{f}
			if f.Kind() == reflect.Array {
				elements = nil
				for k := range f.Len() {
					elements = append(elements, f.Index(k))
				}
			}
			for _, e := range elements {
				before := reflect.ValueOf(e.Interface())
				name := all[at].Name
				at++
				switch {
				case e.CanFloat():
					e.SetFloat(math.NaN())
				case e.CanUint():
					e.SetUint(math.MaxUint64 >> (64 - e.Type().Bits()))
				default:
					e.SetInt(math.MinInt64 >> (64 - e.Type().Bits()))
				}
				found := false
				p.Validate(func(path, _ string, _ ...any) { found = found || path == name })
				if !found {
					t.Errorf("%s: %v is taken", name, e.Interface())
				}
				e.Set(before)
			}
		}
	}
}

func TestParameters_Windows_MustBeMultiplesOfTheFirst(t *testing.T) {
	for name, change := range map[string]func(*detector.Parameters){
		"not a multiple": func(p *detector.Parameters) { p.Charts.Window[1] = 25 },
		"not rising":     func(p *detector.Parameters) { p.Recurrence.Lasts[2] = p.Recurrence.Lasts[1] - 1 },
		"not whole":      func(p *detector.Parameters) { p.Storms.Window[0] = 24.5 },
		"crossed": func(p *detector.Parameters) {
			p.Guard.StepLeast, p.Guard.StepMost = 0.95, 1.05
			p.Tail.ShapeLeast, p.Tail.ShapeMost = 1, 0.3
		},
	} {
		c := detector.DefaultConfig()
		p := detector.DefaultParameters()
		change(&p)
		c.Parameters = &p
		if _, err := detector.NewBank(c); err == nil {
			t.Errorf("%s: a bank is made of it", name)
		}
	}
}

func TestParseParameters_Overrides_AreTakenStrictly(t *testing.T) {
	p, err := detector.ParseParameters(strings.NewReader(`{"Tail":{"Prior":0.3},"Outlook":{"Grow":[40,54,57]}}`))
	want := detector.DefaultParameters()
	want.Tail.Prior, want.Outlook.Grow[0] = 0.3, 40
	if err != nil || p != want {
		t.Errorf("got %v", err)
	}
	for text, part := range map[string]string{
		"":                               "EOF",
		`{"Tail":{"Priors":1}}`:          "Priors",
		`{"Tails":{}}`:                   "Tails",
		`{"Tail":{"Prior":"x"}}`:         "Prior",
		`{"Tail":{"Prior":5}}`:           "Tail.Prior: want a number from 0.1 to 1, got 5",
		`{"Guard":{"StepRuns":2.5}}`:     "StepRuns",
		`{"Guard":{"StepRuns":300}}`:     "StepRuns",
		`{"Charts":{"Window":[6,24]}}`:   "Charts.Window",
		`{}{}`:                           "more follows",
		strings.Repeat(" ", 1<<20) + "{": "more than",
	} {
		if _, err := detector.ParseParameters(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%.40q: got %v, want an error that says %q", text, err, part)
		}
	}
}

func FuzzParseParameters(f *testing.F) {
	for _, text := range []string{`{}`, `{"Tail":{"Prior":0.3}}`, `{"Charts":{"Window":[6,24,96]}}`, `{"Outlook":{"Grow":[1,2,3]}}`, `[`, `{"Glide":{"Every":1e2}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := detector.ParseParameters(strings.NewReader(text))
		if err != nil {
			return
		}
		c := detector.DefaultConfig()
		c.Parameters = &p
		b, err := detector.NewBank(c)
		if err != nil {
			t.Fatalf("%q is taken, and no bank can be made of it: %v", text, err)
		}
		slot := b.Register(gauge("x"))
		for i := range int64(200) {
			b.Judge(slot, start+i*60_000, float64(i*i%17))
		}
	})
}
