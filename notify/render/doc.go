// Package render turns a notify.Message into neutral words: a title, a
// headline, figures in the unit of the signal, durations, suspects with their
// terms, links. Channels put these pieces into their own form, so that a page
// says the same everywhere. It is pure, reads no clock and never panics; a
// number that is not known (NaN) leaves its phrase out and is never printed.
// Texts are plain: escaping is the channel's business.
package render
