// Package remote asks other log stores in place of logs.Store: Loki, VictoriaLogs and
// Elasticsearch. A Store has the same methods, so that LogQL, the API of Loki, histograms
// and tails work over any of them in the same way.
//
// What goes in is a logs.Query. As much of it as the other store understands is asked of
// it (logs.Query.Hints, never more than what every wanted record fulfils); the records
// that come back are looked at once more here with the query itself. So an answer is the
// same whoever gives it, and only its price differs: what a store cannot be asked is read
// and dropped. Where the hints say all and the other store counts as we do, histograms
// are its counts; else records are read and counted here.
//
// An answer is whole or an error: results that the other store marks as partial, streams
// that break off and failed shards are never shown as if they were all.
//
// The package starts no goroutines but those that Tail needs while it runs, and keeps
// nothing but the names of fields, for a minute.
package remote
