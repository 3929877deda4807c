// Package yamldoc reads one YAML document strictly and says everything that is
// wrong with it at once, each error with file, line, path, what was found and
// what was wanted:
//
//	alerts.yml:14: alert "high_errors": duration: want a duration such as "5m", got "soon"
//
// In goes the name and the text of a file; out comes a Document, which decodes
// into Go values by their `yaml` tags and knows the line of every path, so that
// the checks that come after decoding can point at the same places:
//
//	doc, errs := yamldoc.Parse(file, src, yamldoc.WithNoun("alerts", "alert"))
//	if len(errs) > 0 {
//		return errs
//	}
//	cfg := DefaultConfig()
//	errs = doc.Decode(&cfg)
//	cfg.Validate(func(path, format string, args ...any) {
//		errs = append(errs, doc.Errorf(path, format, args...))
//	})
//	return errs.Err()
//
// Aliases and merge keys are understood. What a document may cost is bounded:
// 4 MiB of text, 64 levels, 500,000 values with all aliases written out. The
// package reads no file and no environment of its own accord.
package yamldoc
