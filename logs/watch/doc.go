// Package watch learns how often each template of a service's lines is normal and
// says what is odd: one that is new, one that returns after long, more of one than
// ever, less, none of one that came regularly, another mix of all of them.
//
//	Watcher.Observe   a line -> the counts of its minute
//	Watcher.Step      a minute that is over -> judge -> learn -> Finding
//	                  and samples of the frequent templates, for the detector
//
// It works in the time of the lines and reads no clock. Memory is bounded by what the
// miner keeps: one pattern of some 300 bytes for each live template.
//
// Method. The count of a minute is held against a negative binomial with the running
// mean and variance of the pattern, which is wider than Poisson as counts of logs are.
// The tails of all patterns of a service in a minute are one family, in which the share
// of false discoveries is bounded (Y. Benjamini, Y. Hochberg, 1995,
// doi:10.1111/j.2517-6161.1995.tb02031.x). A silence counts from how rarely the pattern
// was silent before. Whether a template that is new means anything is told by how often
// new ones come, as in the estimate of the unseen by I. J. Good (1953,
// doi:10.1093/biomet/40.3-4.237). The mix of all templates is compared by the
// divergence of J. Lin (1991, doi:10.1109/18.61115) against what it usually is between
// two spans of five minutes.
package watch
