// Package stage reads deployment-stages.yml and follows versions through its stages:
//
//	file -> Pipeline                        stages in order, each with its branch, tests, approval, rollback
//	Pipeline + the feed's deployments -> Note       where a deployment stands and what it skipped
//	                                  -> Promotion  when each version reached which stage
//
// In go the texts of files and telemetry.Change values, as the feed has them; nothing
// is stored, so a file that is edited speaks of the past too. The package is pure and
// its values are immutable and safe for concurrent use. Values of variables that look
// like secrets never leave it.
package stage
