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

	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/uitest"
)

func main() {
	addr := flag.String("web.listen-address", "127.0.0.1:9098", "address to serve on")
	state := flag.String("state", "burning", "what the shop is in: burning, empty (nothing was ever sent), or starting (not ready)")
	flag.Parse()
	if err := run(*addr, *state); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(addr, state string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := uitest.NewServer(func() time.Time { return time.Now().UTC() })
	if state == "empty" {
		s.Shop.Clear()
	}
	dir, err := os.MkdirTemp("", "make-believe-shop-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	closeParts, err := s.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer closeParts() //nolint:errcheck // the folder is removed
	switch state {
	case "burning":
		if err := s.Log(ctx); err != nil {
			return err
		}
		go s.Talk(ctx) //nolint:errcheck // it ends with the command
	case "empty":
		s.Options.Status = func(context.Context) (web.Status, error) {
			return web.Status{Version: "0.1.0", Started: time.Now(), Reload: web.ReloadStatus{OK: true, At: time.Now()}}, nil
		}
	case "starting":
		why := "replaying the write-ahead log, segment 3 of 9"
		s.NotReady.Store(&why)
	default:
		return fmt.Errorf("state: want burning, empty or starting, got %q", state)
	}
	go s.Broker.Run(ctx) //nolint:errcheck // it returns nil
	srv := &http.Server{Addr: addr, Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	fmt.Println("the make-believe shop is at http://" + addr + "/")
	if err := srv.ListenAndServe(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}
