// Package chart draws the picture of a message, a notify.Chart, as a PNG of
// Width by Height: the series, the band in which it was expected, the threshold
// of the rule, what was changed and when it began, over a time axis that names
// its zone. The same chart gives the same bytes. It takes a few milliseconds and
// some twenty kilobytes, reads no clock and no file, and never panics.
//
// Text is set by golang.org/x/image's OpenType reader in the Go fonts that come
// with it; lines and areas are few kinds, and drawn here.
package chart
