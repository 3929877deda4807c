package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

// How far a threshold is moved decays to next to nothing, from either side.
func TestBudget_OffsetNextToNothing_HasNoSignOfItsOwn(t *testing.T) {
	for offset, want := range map[string]string{
		"-0.0049": "+0.00", "-0.0": "+0.00", "0": "+0.00", "0.0049": "+0.00",
		"-0.0051": "-0.01", "0.0051": "+0.01", "-0.37": "-0.37", "1.2": "+1.20",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"budgets":[{"service":"pay","series":3,"budget_per_week":1,"offset":%s}]}`, offset)
		}))
		code, out, errs := run("budget", "--url="+s.URL)
		s.Close()
		if code != cli.ExitOK || !strings.Contains(out, " "+want+" ") {
			t.Errorf("offset %s: got %d, %s%s, want %s", offset, code, out, errs, want)
		}
	}
}
