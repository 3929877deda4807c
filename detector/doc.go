// Package detector learns what is normal for every series while its samples
// are written, and says of each sample how odd it is.
//
// In go labelled samples in event time, one at a time; out come verdicts: a
// score, a band, a kind, and where an episode of odd samples begins, changes
// and ends. The package does no I/O, starts no goroutine and reads no clock.
// One sample costs a bounded number of steps and allocates nothing; one series
// costs a fixed number of bytes, and a page more once it has a day to learn.
//
// The way of one sample:
//
//	Bank.Observe -> series.admit      guards: not a number, stale, late, first, reset
//	             -> series.predict    six forecasts, mixed by their recent errors
//	             -> series.judge      residual -> tail probability -> score and band
//	             -> series.learn      clipped, so that an incident does not teach
//	             -> outlook.learn     once an hour: forecasts that are due against what came
//	             -> series.episode    open, hold, close; habituation
//	             -> page.remark       what may recur every day or week at this time
//
// Histograms are watched through series derived from them:
//
//	Bank.Feed -> feedBucket           counts of one time make a round
//	          -> look                 gain since the last look -> quantiles -> Observe
//	Bank.FeedHistogram -> lookNative  the same for native histograms, and their count
//
// Method and sources. Residuals of competing exponential forecasts are the
// method of C. C. Holt (1957, reprinted 2004, doi:10.1016/j.ijforecast.2003.09.015)
// without a trend term and with a daily profile. Tail probabilities follow
// "Anomaly Detection in Streams with Extreme Value Theory" (A. Siffer,
// P.-A. Fouque, A. Termier, C. Largouet, KDD 2017, doi:10.1145/3097983.3098144);
// where that method keeps excesses and refits, a running quantile and the
// estimator of B. M. Hill (1975, doi:10.1214/aos/1176343247) with a prior need
// twenty bytes. Slow departures are charted by exponentially weighted means
// (S. W. Roberts, 1959, doi:10.1080/00401706.1959.10489860) against the long
// level, each with a tail of its own, which takes care of autocorrelation. The
// threshold of a series that alarms too often rises in the spirit of adaptive
// conformal inference (I. Gibbs, E. Candes, NeurIPS 2021, arXiv:2106.00170).
// What a series will be is told by Bank.Forecast and Bank.Until from the same
// state; outlook says how.
package detector
