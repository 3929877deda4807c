// Package mapped reads webhooks of any form by what the configuration says of
// them: which list in the body holds the items, which items count, and what each
// field of a change is. A field is a constant, a JSON pointer (RFC 6901) such as
// /build/number, or a template of text/template such as {{ .build.number }}.
//
// In a template the dot is the item (the body, when no list is named). Numbers are
// text. body gives the whole body and header the value of a header; get . "a" "b"
// gives what is at that path or nothing; lower, upper, short (12 digits of a
// commit), line (the first one), base (after the last slash), trimPrefix, trimSuffix
// and default are as their names say, with the value last, as in
// {{ .ref | trimPrefix "refs/heads/" | default "main" }}.
package mapped
