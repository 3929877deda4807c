// Package jsonscan reads JSON where it lies: a cursor over bytes that hands out
// slices of them, with no tree in between, so that a body of a million values
// costs no more memory than its bytes. What a string unescapes to is written to
// memory that the caller gives.
//
// It is lenient where loggers are: bytes that are not UTF-8 and control
// characters inside strings are taken as they are. It is strict about brackets,
// commas and depth.
package jsonscan
