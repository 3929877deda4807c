// Package feedback keeps what people say of incidents and lets the ranking of
// causes learn from it.
//
//	right or wrong cause, false alarm, expected -> Store.Record
//	labels -> Refit (pure) -> Store.SaveRefit -> Store.Current -> rca.Query.Weights
//	occurrence -> Expectations.Find (pure) -> weak instead of strong
//
// Four things can be said of an incident: that a named cause was right, that it was
// wrong (and which one was right), that it was a false alarm, and that something is
// expected for a while, with a reason and an end. The first two are labels. From
// them weights of terms and the calibration of probabilities are refitted; every
// refit is a row that says on what it rests and whether it helped when each label
// was left out, and any earlier row can be gone back to.
//
// Everything takes the time as a parameter; the same labels give the same weights
// to the bit.
package feedback
