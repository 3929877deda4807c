// Package verdict says of a change whether it did harm. It compares the signals
// of the changed service since the change with what they were before, after
// taking away what the same hour of other days and untouched peers explain:
//
//	Signal (values per block of time, controls)
//	  -> residual      what is left when the controls are taken away
//	  -> betting       an e-process of "the blocks since are like those before"
//	                   against "they are worse", and one of "they are worse by
//	                   the margin" against "they are not"
//	  -> Judge         both over all signals, held against times at which nothing
//	                   was changed (placebos) -> Verdict
//
// The e-processes may be looked at after every block without raising the risk of
// a wrong word, which a test made for one look does not allow. They are
// conformal test martingales: the rank of each new block among all earlier ones
// is uniform while nothing has changed, and a bet on low ranks gains only then
// (Vovk, Nouretdinov, Gammerman: Testing exchangeability on-line, 2003; Vovk:
// Testing randomness online, 2021). Signals are put together by the mean of their
// e-processes, which holds however they depend on each other (Vovk, Wang:
// E-values: calibration, combination and applications, 2021).
//
// A canary is compared with the version beside it by the signs of their differences
// (Arms), new templates of error lines by how many blocks had some (Input.Novel).
//
// Blocks of real signals are not exchangeable: they drift and hang together. So
// the same statistic is taken at times of the past at which nothing was changed,
// and a change is called faulty only if it beats them (placebo tests in time:
// Abadie, Diamond, Hainmueller: Comparative politics and the synthetic control
// method, 2015). `go run ./bench verdict` measures how often changes that did
// nothing are called faulty all the same.
//
// The package is pure: it takes values and times, reads no clock, does no I/O and
// keeps nothing between calls. A judgement of ten signals with a day of history
// in blocks of two minutes takes a few milliseconds.
package verdict
