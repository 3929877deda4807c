// Package ingest is the front of what comes in over HTTP: it decides who is
// let in and how much, undoes the compression, has the body decoded by the
// package of the protocol (one folder each), hands the batch to a Sink and
// tells the sender what became of it.
//
//	POST /api/v1/write -> Handler   method, types, limits, snappy into a pooled buffer
//	  -> remotewrite.Decode         1.0: protobuf walked in place into a pooled batch
//	     remotewrite.DecoderV2      2.0: the same, with the references resolved
//	  -> Sink.Write                 stores the good part, names the rest
//	  -> 204, or 400 naming the refused part, or 503 with Retry-After
//
// Senders of remote write try again after 5xx and 429 and give up after 4xx,
// so a fault of the data is never a 5xx, whose batch would come again for ever,
// and a fault of ours is never a 4xx, whose batch would be lost.
//
// What every protocol needs is in Receiver: reading, unpacking, memory, counters,
// the log. The packages of other protocols build their handlers on it.
//
// The package keeps nothing, knows no storage and starts no goroutine.
package ingest
