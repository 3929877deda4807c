package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsinhq/tocsin/store"
)

// Letters that mean something in an address are letters of a folder like others.
func TestState_FoldersOfAnyName(t *testing.T) {
	ctx := t.Context()
	root := t.TempDir()
	t.Chdir(root)
	for _, name := range []string{"plain", "with space", "data#1", "what?", "50%", "100%25", "a&b=c", "é"} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
		for i, path := range []string{filepath.Join(root, name, "state.db"), filepath.Join(name, "relative.db")} {
			db, err := store.OpenState(ctx, path)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if _, err := db.ExecContext(ctx, "CREATE TABLE mark (n INTEGER); INSERT INTO mark VALUES (?)", i); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("state is elsewhere: %v", err)
			}
			r, err := store.ReadState(ctx, path)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			var n int
			if err := r.QueryRowContext(ctx, "SELECT n FROM mark").Scan(&n); err != nil || n != i {
				t.Errorf("%s: got %d, %v, want %d", path, n, err, i)
			}
			r.Close()
		}
	}
}
