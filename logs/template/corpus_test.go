package template_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// shop are lines of a made-up shop: what the tests need that runs anywhere.
func shop(n int) [][]byte {
	r := rand.New(rand.NewPCG(7, 7))
	users := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"}
	pick := func(of []string) string { return of[r.IntN(len(of))] }
	makers := []func() string{
		func() string {
			return fmt.Sprintf("order %d paid by %s in %d ms", r.IntN(1e6), pick(users), r.IntN(900))
		},
		func() string { return fmt.Sprintf("GET /cart/%x 200 %dus", r.Uint32(), r.IntN(9000)) },
		func() string {
			return fmt.Sprintf("cache miss for key session:%016x on shard %d", r.Uint64(), r.IntN(8))
		},
		func() string {
			return fmt.Sprintf("connection from 10.%d.%d.%d:%d closed: %s", r.IntN(255), r.IntN(255), r.IntN(255), 1024+r.IntN(60000),
				pick([]string{"timeout", "reset by peer", "end of file"}))
		},
		func() string { return fmt.Sprintf("user=%s action=login ok=%t", pick(users), r.IntN(2) == 0) },
		func() string { return fmt.Sprintf("worker %d started", r.IntN(100)) },
		func() string { return "reloading the configuration" },
		func() string { return fmt.Sprintf("sending mail to %s@example.org failed: mailbox full", pick(users)) },
		func() string {
			var b bytes.Buffer
			fmt.Fprintf(&b, "flushed pages [%d", r.IntN(100))
			for range r.IntN(6) {
				fmt.Fprintf(&b, ", %d", r.IntN(100))
			}
			return b.String() + "] to disk"
		},
	}
	all := make([][]byte, n)
	for i := range all {
		all[i] = []byte(makers[r.IntN(len(makers))]())
	}
	return all
}

// perSet are the whole lines of each labelled log, none if they are not there.
func perSet(tb testing.TB) map[string][][]byte {
	tb.Helper()
	files, _ := filepath.Glob("../../../shared/data/logs/loghub/*/*_2k.log")
	all := map[string][][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		all[filepath.Base(filepath.Dir(f))] = bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	}
	return all
}
