// Package forward sends what the store holds on to other servers by remote write,
// with Prometheus' own queues: they read the write-ahead log, so that what was
// acknowledged here is sent also when the receiver is away for a while.
//
//	remote_write of tocsin.yml -> Read -> Targets -> Forwarder.Apply
//	write-ahead log of the TSDB -> queue per target: relabel, batch, send, try again
//
// Everything in the store is sent, samples that were received or scraped as well as
// those that rules and signals record under `tocsin:`; write_relabel_configs
// choose. As in Prometheus a queue begins with what is written after its start:
// what was waiting when the process ended, and was not sent within the time that
// Run takes to stop, is not sent by the next one.
package forward
