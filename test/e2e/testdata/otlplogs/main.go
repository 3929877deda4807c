// Command otlplogs sends log records as OpenTelemetry's own SDK for Go does, by HTTP
// or gRPC.
//
//	otlplogs http|grpc HOST:PORT
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "want http or grpc, and host:port")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := send(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(ctx context.Context, way, address string) error {
	var exporter sdk.Exporter
	var err error
	if way == "grpc" {
		exporter, err = otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(address), otlploggrpc.WithInsecure(), otlploggrpc.WithCompressor("gzip"))
	} else {
		exporter, err = otlploghttp.New(ctx, otlploghttp.WithEndpoint(address), otlploghttp.WithInsecure(), otlploghttp.WithCompression(otlploghttp.GzipCompression))
	}
	if err != nil {
		return err
	}
	provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewBatchProcessor(exporter)), sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "cart"))))
	var r log.Record
	r.SetTimestamp(time.Now())
	r.SetSeverity(log.SeverityError2)
	r.SetBody(attribute.StringValue("go broke by " + way))
	r.AddAttributes(attribute.Int("order", 7), attribute.Slice("tags", attribute.StringValue("a"), attribute.BoolValue(true)), attribute.Map("user", attribute.String("name", "ann")))
	provider.Logger("go").Emit(ctx, r)
	return provider.Shutdown(ctx)
}
