// Package bands makes what the detector expected of a series a series itself,
// for everything that speaks PromQL: dashboards, rules, promtool. A selector with
// the label tocsin_band,
//
//	http_requests_total{job="shop", tocsin_band="upper"}
//
// selects series that are not stored. They have the labels of the series that
// the other matchers select and that label, whose values are value, expected,
// lower, upper, score and anomaly. Their samples have the times of the stored ones and are
// computed when asked: the samples of a while before the asked time are run
// through the detector's own code (detector.ReplayShare). Of a counter, all are
// about its rate per second. A series that the detector derives from a histogram,
// such as one with quantile="0.99", has them too.
//
// An instant query for the present takes the word of the live detector instead,
// which costs next to nothing and so may be asked of all series at once.
//
// In comes a storage.Queryable with stored series, out goes one with both.
// Selectors without the label pass through untouched. Nothing is kept from one
// query to the next.
package bands
