package head

import (
	"strings"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
)

// Building labels from pairs is most of what a series costs a query that reads few
// samples. labels.ScratchBuilder takes three times as long as writing down the string
// that the default build of package labels keeps: for each label the name and then
// the value, each behind its length. Lengths below 255 are one byte, others 255 and
// three bytes, the lowest first. Package labels promises nothing of that, so
// writesLabels looks whether it is still so, and where it is not the builder does it.

// writesLabels reports whether appendLabel and labelsFrom make the labels that package
// labels makes.
func writesLabels() bool {
	if labels.ImplementationName != "stringlabels" || unsafe.Sizeof(labels.Labels{}) != unsafe.Sizeof("") {
		return false
	}
	long := strings.Repeat("v", 70_000)
	for _, n := range []int{1, 254, 255, 256, len(long)} {
		text := appendText(appendText(nil, "a"), long[:n])
		text = appendText(appendText(text, "b"+long[:n]), "c")
		if string(text) != string(labels.FromStrings("a", long[:n], "b"+long[:n], "c").Bytes(nil)) {
			return false
		}
		if !labels.Equal(labelsFrom(string(text)), labels.FromStrings("a", long[:n], "b"+long[:n], "c")) {
			return false
		}
	}
	return true
}

// appendText appends a name or a value as labels keep it.
func appendText(b []byte, text string) []byte {
	if n := len(text); n < 255 {
		b = append(b, byte(n))
	} else {
		b = append(b, 255, byte(n), byte(n>>8), byte(n>>16))
	}
	return append(b, text...)
}

// labelsFrom takes a string for labels.
func labelsFrom(text string) labels.Labels {
	return *(*labels.Labels)(unsafe.Pointer(&text))
}
