// Package elastic receives what is sent to Elasticsearch: bulk requests, and the
// questions that its clients ask before they send any.
//
//	Handler   routes: _bulk, single documents, the handshake
//	  -> decoder              actions and documents onto a logline.Sheet, one item for each action
//	  -> ingest.LogReceiver   levels, trace ids, stack traces, the sink
//	  -> items                an answer for each action, in order
//
// It is no search engine and keeps no indices: the index of a document becomes a label.
package elastic
