// Package statsd receives the line protocol of statsd and DogStatsD by UDP and TCP,
// adds up what comes within a flush interval and stores the result as Prometheus
// would have scraped it:
//
//	counter     NAME_total      a total that only grows; rate() works
//	gauge       NAME            the last value; +1 and -1 change it
//	timer       NAME_seconds    a native histogram in seconds
//	histogram, distribution     NAME, a native histogram in the unit sent
//	set         NAME            how many different values the interval had
//
// Dots and whatever else cannot stand in a name become underscores; tags become
// labels.
package statsd
