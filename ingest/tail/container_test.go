package tail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/tail"
)

const containerID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// kubelet lays files as kubelet and a runtime do: links in containers, files in pods.
type kubelet struct {
	*rig
	link, dir, path string
}

func newKubelet(t *testing.T) *kubelet {
	r := newRig(t, nil)
	k := &kubelet{rig: r, link: r.path("containers/pay-7f_shop_web-" + containerID + ".log"), dir: r.path("pods/shop_pay-7f_uid-1/web")}
	k.path = filepath.Join(k.dir, "0.log")
	for _, d := range []string{filepath.Dir(k.link), k.dir} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	k.say("")
	if err := os.Symlink(k.path, k.link); err != nil {
		t.Fatal(err)
	}
	r.config.Files = []tail.Files{{Paths: []string{r.path("containers/*.log")}, FromStart: true}}
	r.restart()
	return k
}

func (k *kubelet) say(text string) {
	k.t.Helper()
	rel, err := filepath.Rel(k.rig.dir, k.path)
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(rel, text)
}

// rotate does what kubelet does: the file is renamed and the runtime opens a new one.
func (k *kubelet) rotate() {
	k.t.Helper()
	if err := os.Rename(k.path, k.path+".20261125-120000"); err != nil {
		k.t.Fatal(err)
	}
	k.say("")
}

func cri(second int, stream, tag, text string) string {
	return fmt.Sprintf("2026-11-20T12:00:%02d.5Z %s %s %s\n", second, stream, tag, text)
}

func TestFollower_CRI_PartsAreJoinedAndStreamsKeptApart(t *testing.T) {
	k := newKubelet(t)
	k.say(cri(1, "stdout", "P", "a long ") + cri(1, "stderr", "F", "ERROR x") + cri(2, "stdout", "P", "line in ") +
		cri(2, "stderr", "F", "\tat a.B.c(B.java:1)") + cri(3, "stdout", "F", "parts") + cri(4, "stdout", "F:x", `{"msg":"two","level":"warn","n":7}`) +
		cri(5, "stdout", "F", "") + "no such line\n")
	k.settle()
	got := map[string]bool{}
	for _, b := range k.sink.Bodies() {
		got[b] = true
	}
	if len(got) != 4 || len(k.sink.Bodies()) != 4 || !got["a long line in parts"] || !got["ERROR x\n\tat a.B.c(B.java:1)"] || !got["two"] || !got["no such line"] {
		t.Errorf("got %q", k.sink.Bodies())
	}
	for _, r := range k.sink.Records() {
		at := time.Unix(0, r.Time).UTC().Format(time.RFC3339Nano)
		label := func(n string) string { v, _ := logtest.Get(r.Stream, n); return v }
		switch string(r.Body) {
		case "a long line in parts":
			if at != "2026-11-20T12:00:01.5Z" || label("stream") != "stdout" || label("namespace") != "shop" || label("pod") != "pay-7f" || label("container") != "web" || r.Service != "web" {
				t.Errorf("got %s at %s", logtest.Show(&r), at)
			}
		case "ERROR x\n\tat a.B.c(B.java:1)":
			if label("stream") != "stderr" || r.Severity.String() != "error" {
				t.Errorf("got %s", logtest.Show(&r))
			}
		case "two":
			if at != "2026-11-20T12:00:04.5Z" || r.Severity.String() != "warn" {
				t.Errorf("got %s at %s", logtest.Show(&r), at)
			}
		}
	}
}

func TestFollower_Kubelet_RotationLosesAndRepeatsNothing(t *testing.T) {
	k := newKubelet(t)
	k.say(cri(1, "stdout", "F", "one") + cri(2, "stdout", "P", "tw"))
	k.round(0)
	k.say(cri(2, "stdout", "F", "o"))
	k.rotate()
	k.say(cri(3, "stdout", "F", "three"))
	k.settle()
	k.settle()
	k.want("one", "two", "three")
	// While nobody looks, more is written and the file rotated.
	k.say(cri(4, "stdout", "F", "four"))
	if err := os.Rename(k.path+".20261125-120000", k.path+".20261125-110000"); err != nil {
		t.Fatal(err)
	}
	k.rotate()
	k.say(cri(5, "stdout", "F", "five"))
	k.restart()
	k.settle()
	k.settle()
	k.want("one", "two", "three", "four", "five")
}

func TestFollower_DockerJSONFile_IsUnwrapped(t *testing.T) {
	r := newRig(t, nil)
	dir := r.path(containerID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.write(containerID+"/config.v2.json", `{"ID":"x","Name":"/shop-web-1"}`)
	r.config.Files = []tail.Files{{Paths: []string{r.path("*/*-json.log")}, FromStart: true}}
	r.restart()
	line := func(text, stream string) string {
		return fmt.Sprintf(`{"log":%q,"stream":%q,"attrs":{"a":"b"},"time":"2026-11-20T12:00:01.5Z"}`+"\n", text, stream)
	}
	r.write(containerID+"/"+containerID+"-json.log", line("took 5 ms\n", "stdout")+line("half ", "stderr")+line("a line\n", "stderr")+line(`{"msg":"two","level":"error"}`+"\n", "stdout"))
	r.settle()
	bodies := strings.Join(r.sink.Bodies(), "|")
	if len(r.sink.Bodies()) != 3 || !strings.Contains(bodies, "took 5 ms") || !strings.Contains(bodies, "half a line") || !strings.Contains(bodies, "two") {
		t.Errorf("got %q", bodies)
	}
	for _, x := range r.sink.Records() {
		if c, _ := logtest.Get(x.Stream, "container"); c != "shop-web-1" || x.Service != "shop-web-1" || time.Unix(0, x.Time).UTC().Second() != 1 {
			t.Errorf("got %s", logtest.Show(&x))
		}
	}
}

func TestFollower_PodsFolder_SaysWhereFrom(t *testing.T) {
	k := newKubelet(t)
	k.config.Files = []tail.Files{{Paths: []string{k.path}, FromStart: true, Service: "front"}}
	k.restart()
	k.say(cri(1, "stdout", "F", "one"))
	k.settle()
	got := k.sink.Records()
	if len(got) != 1 {
		t.Fatalf("got %q", k.sink.Bodies())
	}
	if p, _ := logtest.Get(got[0].Stream, "pod"); p != "pay-7f" || got[0].Service != "front" {
		t.Errorf("got %s", logtest.Show(&got[0]))
	}
}
