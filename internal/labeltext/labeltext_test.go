package labeltext

import (
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func TestKept_DefaultBuild_True(t *testing.T) {
	if !Kept() {
		t.Fatal("package labels keeps labels in another way now: this package must follow, or new series and queries are slow")
	}
}

func TestCut_LengthsOfOneAndOfFourBytes_GivesNamesAndValues(t *testing.T) {
	for _, n := range []int{1, 127, 128, 254, 255, 256, 70_000} {
		long := strings.Repeat("x", n)
		text := Of(labels.FromStrings("a", long, long+"y", "z"))
		var got []string
		for text != "" {
			var one string
			one, text = Cut(text)
			got = append(got, one)
		}
		if strings.Join(got, ",") != "a,"+long+","+long+"y,z" {
			t.Errorf("%d bytes: got %d texts", n, len(got))
		}
	}
}
