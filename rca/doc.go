// Package rca says where an incident began and which change may have caused it.
//
//	incident event -> Ranker.Rank (changes and series, with a deadline) -> Rank (pure) -> Store.Save
//
// In: the onset of an incident and its service, the changes around it, series of
// the services concerned by source (metrics, span times, log templates, calls), and
// the graph of what depends on what. Out: a Ranking. Its Suspects are services; its
// Findings are changes, whose rows carry every term of their score with the figures
// behind it, and one row that says that no recent change fits, so that the
// probabilities are honest when none does; its Analysis puts both into one answer,
// or says why there is none.
//
// A service is judged by what its series do beyond what they do in quiet times too,
// each kind of evidence by how far its winner is ahead, and by what the services it
// depends on do not explain. A change is judged by how large the effect at its own
// service is, how shortly before the onset it came, whether it concerns the
// incident's service, and whether the trouble was there before it. README.md has
// the way of a ranking, its figures, and what was tried. The package never acts on
// what it finds.
package rca
