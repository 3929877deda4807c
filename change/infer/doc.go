// Package infer sees changes in telemetry that nobody told of:
//
//	labels of a new series -> classify   which few series speak of versions, rollouts, restarts
//	  their samples        -> line       versions of a service: first seen, all seen, old ones gone
//	                       -> rollout    generations and replicas of a Kubernetes workload
//	                       -> restarts   of processes and containers, many of them one change
//	  Watcher.Tick         -> Report     a change begins, ends, fails or is withdrawn
//
// A change begins with the first sample of a version that the service did not run,
// and ends with the last one of the versions that it ran: instances that follow one
// another are one change, and a canary is one that is under way. What is there when
// a service is first met is no change.
//
// All times are those of samples. An old version is gone when the new one has been
// seen for Config.Gone after its last sample, so a break of all data ends nothing.
// A Watcher does no I/O and reads no clock; it is safe for concurrent use. Memory is
// bounded by Config.MaxSeries and a few hundred bytes for each; what does not fit is
// counted. Registering costs one look at the labels of a new series, a sample of the
// few that are followed a lock and a map access, every other sample nothing.
package infer
