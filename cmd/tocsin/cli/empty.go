package cli

import (
	"fmt"
	"slices"

	"github.com/alecthomas/kong"
)

// mayBeEmpty tags flags of which an empty value is as good as none: they describe what is
// told, and a pipeline gives them from variables that not each of its runs has. Any other
// selects, or says where from and where to: of a variable that is not set in a script it
// would select everything, and nobody would see.
const mayBeEmpty = "may-be-empty"

// emptyFlag returns an error for the first flag among args that was given an empty value,
// as in --service= or --time "". How kong reads one is a matter of its type: as none, as
// the folder that the program runs in, as a list of nothing.
func emptyFlag(kctx *kong.Context, args []string) error {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	for _, p := range kctx.Path {
		if p.Flag == nil || p.Flag.IsBool() || p.Flag.Tag.Has(mayBeEmpty) {
			continue
		}
		names := []string{"--" + p.Flag.Name}
		if p.Flag.Short != 0 {
			names = append(names, "-"+string(p.Flag.Short))
		}
		for i, arg := range args {
			for _, name := range names {
				if arg == name+"=" || arg == name && i+1 < len(args) && args[i+1] == "" {
					return fmt.Errorf("%s: want a value, got an empty one; leave the flag out for what holds without it", name)
				}
			}
		}
	}
	return nil
}
