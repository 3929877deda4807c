// Package labeltext reads and writes labels as the string that the default build of
// package labels keeps: for each label the name and then the value, each behind its
// length. Lengths below 255 are one byte, others 255 and three bytes, the lowest first.
//
// Building labels is most of what a series costs a query that reads few samples, and
// much of what it costs to make one. labels.ScratchBuilder takes three times as long as
// writing down that string, and labels.Labels.Range a call for each label. Package
// labels promises nothing of the string, so Kept looks whether it is still so; where it
// is not, the builder does it.
package labeltext

import (
	"strings"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
)

// Kept reports whether package labels keeps labels as Append, Labels and Of have them,
// which is asked before these are used. It takes some microseconds: its answer, which
// never changes, is to be kept.
func Kept() bool {
	if labels.ImplementationName != "stringlabels" || unsafe.Sizeof(labels.Labels{}) != unsafe.Sizeof("") {
		return false
	}
	long := strings.Repeat("v", 70_000)
	for _, n := range []int{1, 254, 255, 256, len(long)} {
		text := Append(Append(nil, "a"), long[:n])
		text = Append(Append(text, "b"+long[:n]), "c")
		built := labels.FromStrings("a", long[:n], "b"+long[:n], "c")
		if string(text) != string(built.Bytes(nil)) || Of(built) != string(text) || !labels.Equal(Labels(string(text)), built) {
			return false
		}
	}
	return true
}

// Append appends a name or a value as labels keep it.
func Append(b []byte, text string) []byte {
	if n := len(text); n < 255 {
		b = append(b, byte(n))
	} else {
		b = append(b, 255, byte(n), byte(n>>8), byte(n>>16))
	}
	return append(b, text...)
}

// Labels takes a string for labels. Names in it must be in order and none twice.
func Labels(text string) labels.Labels {
	return *(*labels.Labels)(unsafe.Pointer(&text))
}

// Of returns the string of labels, which share its memory.
func Of(ls labels.Labels) string {
	return *(*string)(unsafe.Pointer(&ls))
}

// Cut returns the name or value that a string begins with, and what is behind it. The
// string is one of Append's and not empty.
func Cut(text string) (first, rest string) {
	n := int(text[0])
	if text = text[1:]; n == 255 {
		n = int(text[0]) | int(text[1])<<8 | int(text[2])<<16
		text = text[3:]
	}
	return text[:n], text[n:]
}
