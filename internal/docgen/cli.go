package docgen

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// CLI writes docs/cli.md from the model of the command line: the flags of all
// commands first, then each command in the order of the model with its usage,
// help, arguments and flags. What is hidden is left out.
func CLI(w io.Writer, app *kong.Application) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Generated from the code by make docs. -->\n\n# Command line\n")
	paragraphs(&b, app.Help, app.Detail)
	if flags := visible(app.Flags); len(flags) > 0 {
		fmt.Fprintf(&b, "\n## Flags of every command\n")
		flagTable(&b, flags)
	}
	for _, command := range app.Children {
		describe(&b, command, app.Name, inherited{})
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// inherited is what the commands above a command give it, the application's own
// flags apart.
type inherited struct {
	flags []*kong.Flag
	args  []*kong.Value
}

// describe writes a command, or those below it.
func describe(b *strings.Builder, n *kong.Node, prefix string, above inherited) {
	if n.Hidden {
		return
	}
	name := prefix + " " + n.Name
	args := slices.Clone(above.args)
	if n.Type == kong.ArgumentNode {
		name = prefix + " " + n.Argument.Summary()
		args = append(args, n.Argument)
	}
	flags := slices.Concat(above.flags, visible(n.Flags))
	if !n.Leaf() {
		for _, child := range n.Children {
			describe(b, child, name, inherited{flags: flags, args: args})
		}
		return
	}
	args = append(args, n.Positional...)
	usage := name
	for _, f := range flags {
		if f.Required {
			usage += " --" + f.Name + value(f)
		}
	}
	for _, arg := range n.Positional {
		usage += " " + arg.Summary()
	}
	fmt.Fprintf(b, "\n## %s\n\n```\n%s [flags]\n```\n", name, usage)
	paragraphs(b, n.Help, n.Detail)
	if len(n.Aliases) > 0 {
		fmt.Fprintf(b, "\nAlso: `%s`.\n", strings.Join(n.Aliases, "`, `"))
	}
	if len(args) > 0 {
		b.WriteString("\n| argument | default | meaning |\n|---|---|---|\n")
		for _, arg := range args {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", arg.Summary(), given(arg), cell(meaning(arg)))
		}
	}
	if len(flags) > 0 {
		flagTable(b, flags)
	}
}

func paragraphs(b *strings.Builder, texts ...string) {
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(b, "\n%s\n", text)
		}
	}
}

func visible(flags []*kong.Flag) []*kong.Flag {
	var shown []*kong.Flag
	for _, f := range flags {
		if !f.Hidden {
			shown = append(shown, f)
		}
	}
	return shown
}

func flagTable(b *strings.Builder, flags []*kong.Flag) {
	b.WriteString("\n| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, f := range flags {
		name := "--" + f.Name
		if f.Tag != nil && f.Tag.Negatable != "" {
			name = "--[no-]" + f.Name
		}
		if f.Short != 0 {
			name = "-" + string(f.Short) + ", " + name
		}
		env := ""
		if len(f.Envs) > 0 {
			env = "`" + strings.Join(f.Envs, "`, `") + "`"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", name, value(f), env, given(f.Value), cell(meaning(f.Value)))
	}
}

// value returns what follows a flag's name: =VALUE, or nothing for a switch. The
// default is not shown here; it has a column.
func value(f *kong.Flag) string {
	if f.IsBool() || f.IsCounter() {
		return ""
	}
	if f.PlaceHolder != "" {
		return "=" + f.PlaceHolder
	}
	last := strings.FieldsFunc(f.Name, func(r rune) bool { return r == '-' || r == '.' })
	return "=" + strings.ToUpper(last[len(last)-1])
}

func given(v *kong.Value) string {
	switch {
	case v.HasDefault && v.Default != "":
		return "`" + cell(v.Default) + "`"
	case v.Required:
		return "required"
	}
	return ""
}

// meaning is the help text, with the values that are allowed.
func meaning(v *kong.Value) string {
	if v.Enum == "" {
		return v.Help
	}
	return strings.TrimSpace(fmt.Sprintf("%s One of `%s`.", v.Help, strings.Join(v.EnumSlice(), "`, `")))
}
