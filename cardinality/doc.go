// Package cardinality counts the series that are made and those that memory lets
// go, so that somebody can be told what grew, since when, and by which change.
//
// In go the labels of each series as the TSDB makes or drops it; out come counts
// by service and metric, by name of a label, and by label and value, with their
// history, and the jumps in them. It never sees a sample, and does nothing while
// no series is made.
//
//	PostCreation, PostDeletion   from the TSDB; a lock and some map look-ups
//	  -> Tracker                 three sketches of bounded size
//	  -> Jumps                   hours in which a service made far more than before
//	  -> Attribute               the change before each jump
//
// The sketches are Space-Saving: Ahmed Metwally, Divyakant Agrawal and Amr El
// Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams",
// ICDT 2005, doi:10.1007/978-3-540-30570-5_27. Of k places the least used goes to
// a key that is new, with its count as the possible error, which each answer
// states; every key with more than one k-th of all series made is among them.
// Where series are made by thousands, names of labels and their values are counted
// on every sixteenth of them, and for sixteen.
package cardinality
