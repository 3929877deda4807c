package main

// grouping holds what the usual measures of log parsers say of one set of lines:
// GA and FGA of the groups, PA and FTA of the texts of the templates. Definitions:
// J. Zhu et al., "Tools and Benchmarks for Automated Log Parsing" (ICSE-SEIP 2019),
// Z. Khan et al., "Guidelines for Assessing the Accuracy of Log Message Template
// Identification Techniques" (ICSE 2022), Z. Jiang et al., "A Large-Scale
// Evaluation for Log Parsing Techniques" (ISSTA 2024).
type grouping struct{ ga, fga, pa, fta float64 }

// scoreGrouping compares what was found of each line with the truth: groups are
// named by group and wantGroup, texts of templates by text and want. Without texts
// pa and fta are 0.
func scoreGrouping(group []uint64, wantGroup []string, text, want []string) grouping {
	type pair struct {
		found uint64
		truth string
	}
	found, truth, both := map[uint64]int{}, map[string]int{}, map[pair]int{}
	for i, g := range group {
		found[g]++
		truth[wantGroup[i]]++
		both[pair{g, wantGroup[i]}]++
	}
	lines, groups := 0, 0
	for p, n := range both {
		if n == found[p.found] && n == truth[p.truth] {
			lines += n
			groups++
		}
	}
	s := grouping{ga: ratio(lines, len(group)), fga: f1(groups, len(found), len(truth))}
	if text == nil {
		return s
	}
	right := 0
	mixed, wanted := map[string]bool{}, map[string]bool{}
	for i, x := range text {
		if x == want[i] {
			right++
		}
		mixed[x] = mixed[x] || x != want[i]
		wanted[want[i]] = true
	}
	pure := 0
	for _, m := range mixed {
		if !m {
			pure++
		}
	}
	s.pa, s.fta = ratio(right, len(text)), f1(pure, len(mixed), len(wanted))
	return s
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// f1 is the harmonic mean of hits/found and hits/truth.
func f1(hits, found, truth int) float64 {
	return ratio(2*hits, found+truth)
}
