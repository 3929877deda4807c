// Package docgen writes the reference pages from the code itself, so that they
// cannot differ from it: Config from the configuration's structs, their
// defaults and the comments on their fields, CLI from the model of the command
// line, Parameters from those of the detector, Signals from the catalogue. All write Markdown in a fixed order; Write puts pages into files and
// Check says which files are not what the code would write.
package docgen
