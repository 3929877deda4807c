// Command serve shows the pages over a make-believe shop, for work on the user
// interface: go run ./web/uitest/serve, then npm run dev in web/ui, or open it
// directly to see the built pages.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/tocsinhq/tocsin/web/uitest"
)

func main() {
	addr := flag.String("web.listen-address", "127.0.0.1:9098", "address to serve on")
	flag.Parse()
	if err := run(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := uitest.NewServer(func() time.Time { return time.Now().UTC() })
	go s.Broker.Run(ctx) //nolint:errcheck // it returns nil
	srv := &http.Server{Addr: addr, Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	fmt.Println("the make-believe shop is at http://" + addr + "/")
	if err := srv.ListenAndServe(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
