package template_test

import (
	"fmt"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
)

func mine(m *template.Miner, line string) template.Match {
	var out template.Match
	m.Mine("pay", telemetry.SeverityInfo, nil, []byte(line), 1e9, &out)
	return out
}

func text(t *testing.T, m *template.Miner, id uint64) string {
	t.Helper()
	i, ok := m.Template(id)
	if !ok {
		t.Fatalf("no template %d", id)
	}
	return i.Text
}

func TestMine_VariablesBySpelling(t *testing.T) {
	for line, want := range map[string]string{
		"took 35 ms":                               "took <num> ms",
		"took 35ms for 10.0.0.1:80":                "took <dur> for <ip>",
		"user=bob id=4 ok":                         "user=<word> id=<num> ok",
		"GET /a/b/17 -> 200":                       "GET <path> -> <num>",
		"blk_-38865049064139660 terminating":       "<id> terminating",
		"list 1, 2, 3 done":                        "list <num>, <num>, <num> done",
		"trace 4bf92f3577b34da6a3ce929d0e0e4736 x": "trace <hex> x",
		"cache miss=true":                          "cache miss=<bool>",
		"first line\n\tat Foo.bar(Foo.java)":       "first line <rest>",
	} {
		m := template.New(template.DefaultConfig())
		if got := text(t, m, mine(m, line).ID); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestMine_WordThatVariesBecomesVariable(t *testing.T) {
	m := template.New(template.DefaultConfig())
	var ids []uint64
	for _, name := range []string{"alice", "bob", "carol", "dave", "eve", "frank", "grace"} {
		ids = append(ids, mine(m, "queue "+name+" is full now").ID)
	}
	for _, id := range ids {
		if got := m.Resolve(id); got != ids[len(ids)-1] {
			t.Errorf("%x leads to %x, want %x", id, got, ids[len(ids)-1])
		}
	}
	if got := text(t, m, ids[0]); got != "queue <word> is full now" {
		t.Errorf("got %q", got)
	}
	if i, _ := m.Template(ids[0]); i.Count != 7 {
		t.Errorf("got a count of %d, want 7", i.Count)
	}
}

func TestMine_KnownLineAllocatesNothing(t *testing.T) {
	m := template.New(template.DefaultConfig())
	var out template.Match
	for i := range 20 {
		m.Mine("pay", 9, nil, fmt.Appendf(nil, "order %d of %c%c took %d ms", i, 'a'+i, 'k'+i%3, i), 1, &out)
	}
	line := []byte("order 7 of new took 12 ms")
	if n := testing.AllocsPerRun(100, func() { m.Mine("pay", 9, nil, line, 1, &out) }); n != 0 {
		t.Errorf("a known line allocates %v times", n)
	}
}

func TestMiner_Find_SaysWhatMineSaidAndLearnsNothing(t *testing.T) {
	m := template.New(template.DefaultConfig())
	var out template.Match
	want := map[string]uint64{}
	for i := range 200 {
		for _, line := range []string{
			fmt.Sprintf("2026-11-25 12:00:%02d INFO order %d paid in %d ms", i%60, i, 3*i),
			fmt.Sprintf("cache of %d entries flushed", i),
		} {
			m.Mine("pay", telemetry.SeverityInfo, nil, []byte(line), int64(i), &out)
			want[line] = out.ID
		}
	}
	for line, id := range want {
		if got := m.Resolve(m.Find("pay", []byte(line))); got != m.Resolve(id) {
			t.Errorf("%q: got %016x, want %016x", line, got, m.Resolve(id))
		}
	}
	before := m.Len()
	if id := m.Find("pay", []byte("a thing that nobody has said so far")); id != 0 {
		t.Errorf("an unknown line has template %016x", id)
	}
	if id := m.Find("cart", []byte("order 1 paid in 2 ms")); id != 0 || m.Len() != before {
		t.Errorf("got %016x of an unknown service, %d templates after %d", id, m.Len(), before)
	}
}

func TestMiner_NumbersInJSON_AreNumbersAndNoTimes(t *testing.T) {
	m := template.New(template.DefaultConfig())
	line := `{"msg":"served","status":200,"path":"/a/7","took":12.5,"ok":true,"in":-3,"at":"2026-01-02T03:04:05Z"}`
	out := mine(m, line)
	if got, want := text(t, m, out.ID), `{"msg":"served","status":<num>,"path":"<path>","took":<num>,"ok":<bool>,"in":<num>,"at":"<time>"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var numbers []string
	for _, v := range out.Vars {
		if v.Kind.Numeric() {
			numbers = append(numbers, line[v.Start:v.End])
		}
	}
	if fmt.Sprint(numbers) != "[200 12.5 -3]" {
		t.Errorf("got the numbers %v", numbers)
	}
}
