package app

import (
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/warm"
)

func TestWarmWarning_SaysWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		of   warm.Progress
		want string
	}{
		{warm.Progress{Series: 9, Done: 9}, ""},
		{warm.Progress{Active: true, Series: 9, Done: 3}, ""},
		{warm.Progress{Active: true, Incomplete: true}, "it is asked again"},
		{warm.Progress{Series: 9, Done: 9, Failed: 4, Incomplete: true}, "did not give the history of 4 of 9 series"},
		{warm.Progress{Incomplete: true}, "could not be asked for its series"},
	} {
		if got := warmWarning(tt.of); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.of, got, tt.want)
		}
	}
}
