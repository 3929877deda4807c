package segment

import (
	"fmt"
	"os"
	"testing"
)

func TestSizes(t *testing.T) {
	p := os.Getenv("SEGFILE")
	if p == "" {
		t.Skip()
	}
	d, _ := NewDecoder()
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	st, _ := f.Stat()
	x, err := d.ReadIndex(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	var size, raw [sections]int
	rows := 0
	for _, i := range x.Blocks {
		b, _ := d.OpenBlock(f, i.Offset, i.Size)
		for s := range b.head {
			size[s] += int(b.head[s].size)
			raw[s] += int(b.head[s].raw)
		}
		rows += i.Rows
		b.load()
		fmt.Print(len(b.skeletons), " ")
	}
	fmt.Println(rows, "rows", len(x.Blocks), "blocks")
	for s, n := range []string{"meta", "times", "origin", "traces", "values", "attrs", "bloom"} {
		fmt.Printf("%s %d -> %d  %.2f B/row\n", n, raw[s], size[s], float64(size[s])/float64(rows))
	}
	fmt.Println("file", st.Size())
}
