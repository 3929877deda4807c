// Package logtest is a sink for log records that keeps them in memory, and the ten
// records which the receivers of all protocols must store alike. It is imported by tests
// only.
package logtest
