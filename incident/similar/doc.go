// Package similar finds the past incidents that a new one resembles, and says what
// ended them.
//
//	incident event -> New (pure: evidence -> sparse weights) -> Store.Save
//	a look at an incident -> Store.Past -> Nearest (pure) -> Match, Fixes
//
// In: which signals of which services moved and how far, which templates of log
// lines were new, which alerts fired, which kind of change was suspected and by
// which signal the incident was noticed. Out: at most three own past incidents
// with the evidence that both share and the facts of how they ended. Below a cut
// nothing is given. The package proposes nothing that was not done before and
// never acts.
package similar
