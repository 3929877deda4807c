// Package rca ranks the changes that may have caused an incident.
//
//	incident event -> Ranker.Rank (changes and series, with a deadline) -> Rank (pure) -> Store.Save
//
// In: the onset of an incident and its service, the changes around it, and the
// signals of the services concerned. Out: a Ranking whose rows carry every term
// of their score with the figures behind it, and one row that says that no
// recent change fits, so that the probabilities are honest when none does.
//
// A change is judged by how large the effect at its own service is, how shortly
// before the onset it came, whether it concerns the incident's service, and
// whether the trouble was there before it. How large a series' shift is, is
// measured by a robust z against the hour before, with floors on the scale and a
// logarithm at the end, so that units, single spikes and constant series do not
// decide. The package never acts on what it finds.
package rca
