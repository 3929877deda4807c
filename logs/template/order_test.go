package template_test

import (
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

// ids mines lines in an order and returns the id of each, in the order of the lines,
// once all have been seen.
func ids(m *template.Miner, all [][]byte, order []int) []uint64 {
	out := make([]uint64, len(all))
	var match template.Match
	for n, i := range order {
		m.Mine("s", 9, nil, all[i], int64(n), &match)
		out[i] = match.ID
	}
	for i, id := range out {
		out[i] = m.Resolve(id)
	}
	return out
}

func inOrder(n int) []int {
	o := make([]int, n)
	for i := range o {
		o[i] = i
	}
	return o
}

func TestIDs_SameWhateverTheOrder(t *testing.T) {
	corpora := map[string][][]byte{"shop": shop(4000)}
	for name, c := range perSet(t) {
		corpora[name] = c
	}
	if len(corpora) == 1 {
		t.Log("no labelled logs beside the repository: only the made-up lines are shuffled")
	}
	for name, all := range corpora {
		want := ids(template.New(template.DefaultConfig()), all, inOrder(len(all)))
		random := rand.New(rand.NewPCG(1, 2))
		for round := range 3 {
			got := ids(template.New(template.DefaultConfig()), all, random.Perm(len(all)))
			differ := 0
			example := -1
			for i := range got {
				if got[i] != want[i] {
					differ++
					example = i
				}
			}
			if differ > 0 {
				t.Errorf("%s, round %d: %d of %d lines have another id, such as %.200q", name, round, differ, len(all), all[example])
			}
		}
	}
}
