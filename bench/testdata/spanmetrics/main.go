// Command spanmetrics times the connector spanmetrics of the OpenTelemetry Collector over
// exports in a file: each is its length in four bytes, the highest first, and its body.
// It prints the spans a second on one core, decoding included.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "spanmetrics:", err)
		os.Exit(1)
	}
}

func run() error {
	runtime.GOMAXPROCS(1)
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	lasts, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	var bodies [][]byte
	for len(data) > 4 {
		n := binary.BigEndian.Uint32(data)
		bodies = append(bodies, data[4:4+n])
		data = data[4+n:]
	}
	metrics, err := connect(spanmetricsconnector.NewFactory())
	if err != nil {
		return err
	}
	rate, err := timed(bodies, metrics, time.Duration(lasts)*time.Second)
	if err != nil {
		return err
	}
	fmt.Printf("%.0f\n", rate)
	return nil
}

func connect(f connector.Factory) (consumer.Traces, error) {
	c, err := f.CreateTracesToMetrics(context.Background(), connectortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), consumertest.NewNop())
	if err != nil {
		return nil, err
	}
	return c, c.Start(context.Background(), nil)
}

func timed(bodies [][]byte, to consumer.Traces, lasts time.Duration) (float64, error) {
	spans := 0
	begin, cpu := time.Now(), cpuTime()
	for i := 0; time.Since(begin) < lasts; i++ {
		request := ptraceotlp.NewExportRequest()
		if err := request.UnmarshalProto(bodies[i%len(bodies)]); err != nil {
			return 0, err
		}
		td := request.Traces()
		spans += td.SpanCount()
		if err := to.ConsumeTraces(context.Background(), td); err != nil {
			return 0, err
		}
	}
	return float64(spans) / (cpuTime() - cpu).Seconds(), nil
}

// cpuTime is what the process has used so far, so that neighbours on the machine do not count.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
