package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tocsinhq/tocsin/store"
)

func TestAdviseRoom_FullDisk_SaysWhereAndHowMuch(t *testing.T) {
	db, err := store.OpenState(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	_, full := db.Exec("CREATE TABLE more AS SELECT randomblob(10000000) AS x")
	if full == nil {
		t.Fatal("a state of one page took ten megabytes")
	}
	c := store.DefaultConfig()
	c.MinFreeDisk = 1 << 50
	dir := t.TempDir()
	for what, err := range map[string]error{
		"file": fmt.Errorf("write lock: %w", syscall.ENOSPC), "quota": fmt.Errorf("write lock: %w", syscall.EDQUOT), "state": fmt.Errorf("migrate: %w", full),
	} {
		got := store.AdviseRoom(err, dir, c)
		if !errors.Is(got, err) || !strings.Contains(got.Error(), "make room there, so that 1.0 PiB are free") || !strings.Contains(got.Error(), dir) {
			t.Errorf("%s: got %v", what, got)
		}
	}
	other := errors.New("no such file")
	if got := store.AdviseRoom(other, dir, c); got != other {
		t.Errorf("another error: got %v", got)
	}
	if got := store.AdviseRoom(nil, dir, c); got != nil {
		t.Errorf("none: got %v", got)
	}
}
