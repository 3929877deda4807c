package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/store"
)

// The test binary runs itself again as another process: envChild names the
// part it plays and envDir the folder.
const (
	envChild = "STORE_TEST_CHILD"
	envDir   = "STORE_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(envChild) {
	case "":
		os.Exit(m.Run())
	case "lock":
		holdLock(os.Getenv(envDir))
	case "write":
		writeForEver(os.Getenv(envDir))
	case "close":
		writeAndClose(os.Getenv(envDir))
	}
}

// holdLock takes the lock, says so and waits to be killed.
func holdLock(dir string) {
	if _, err := store.LockDir(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	select {}
}

// child starts the test binary in a part and returns it with its output.
func child(t *testing.T, part, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), envChild+"="+part, envDir+"="+dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return c, bufio.NewReader(out)
}

func TestLockDir_HeldByAnotherProcess_NamesItAndIsTakenOverWhenItDies(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	c, out := child(t, "lock", dir)
	if line, err := out.ReadString('\n'); line != "locked\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	_, err := store.LockDir(dir)
	want := fmt.Sprintf("data folder %q is in use by process %d; stop it or choose another --storage.path", dir, c.Process.Pid)
	if err == nil || err.Error() != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if b, err := os.ReadFile(filepath.Join(dir, "lock")); err != nil || strings.TrimSpace(string(b)) != strconv.Itoa(c.Process.Pid) {
		t.Fatalf("the killed process left %q, %v; want its number", b, err)
	}
	release, err := store.LockDir(dir)
	if err != nil {
		t.Fatalf("take over: %v", err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "lock")); strings.TrimSpace(string(b)) != strconv.Itoa(os.Getpid()) {
		t.Errorf("got %q in the lock, want our number", b)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

func TestLockDir_SameProcess_IsRefusedUntilReleased(t *testing.T) {
	dir := t.TempDir()
	release, err := store.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.LockDir(dir); err == nil || !strings.Contains(err.Error(), "in use by process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v", err)
	}
	// Before the holder has written its number there is none to tell.
	if err := os.Truncate(filepath.Join(dir, "lock"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LockDir(dir); err == nil || !strings.Contains(err.Error(), "in use or cannot be locked") {
		t.Errorf("got %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = store.LockDir(dir)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

func TestLockDir_FolderCannotBeMade_SaysWhich(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.LockDir(filepath.Join(file, "data")); err == nil || !strings.Contains(err.Error(), "create data folder") {
		t.Errorf("got %v", err)
	}
}
