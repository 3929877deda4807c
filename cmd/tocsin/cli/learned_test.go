package cli_test

import (
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

func TestFeedback_SayExpectAndList(t *testing.T) {
	at := shop(t)
	for _, x := range []struct{ args, want string }{
		{"incident show 01JDK3M8Q4T7ZV", "half within 31m0s, 80 % within 1h2m0s"},
		{"incident show 01JDK3M8Q4T7ZV", "confirmed cause: deployment checkout v38 -> v39"},
		{"incident show 01JDK3M8Q4T7ZV", "was a false alarm"},
		{"incident show 01JDJC2XW0B9RE", "nothing similar among 23 past incidents"},
		{"incident show 01JDJC2XW0B9RE", "not enough history: 2 comparable"},
		{"incident feedback wrong 01JDK3M8Q4T7ZV --actor=ann --right=none", "wrong cause, right was none"},
		{"incident feedback right 01JDK3M8Q4T7ZV --actor=ann", "right cause"},
		{"incident feedback list 01JDK3M8Q4T7ZV", "(ann)"},
		{"incident feedback false-alarm 01JDJC2XW0B9RE --actor=ann", "1 alarms charged"},
		{"incident feedback expected 01JDK3M8Q4T7ZV --actor=ann --reason=load --for=2h --hours=22:00-04:00 --days=sat,sun", "expected, expectation 3: load"},
		{"expected list", "anything of checkout from 22:00 to 04:00 on sat, sun"},
		{"expected add --service=pay --reason=test --for=1h --actor=ann", "expectation 4: anything of pay"},
		{"expected end 4 --actor=bob", "expectation 4 is over"},
		{"expected list --all", "ended"},
		{"rca weights", "time     counts 1.31 times"},
		{"rca refit --actor=ann", "row 3: not taken, not worth it"},
		{"rca undo 0 --actor=ann", "row 4: back to the weights of row 0"},
	} {
		code, out, err := run(append(strings.Fields(x.args), at)...)
		if code != cli.ExitOK || !strings.Contains(out, x.want) {
			t.Errorf("%s: got %d\n%s%s\nwant %q in it", x.args, code, out, err, x.want)
		}
	}
	if code, _, err := run("expected", "add", "--service=pay", "--reason=x", "--until=tomorrow", at); code != cli.ExitFailed || !strings.Contains(err, "want a time such as") {
		t.Errorf("got %d %s", code, err)
	}
}
