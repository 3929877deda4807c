package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// TestCore_Delivery_ReadsMoreThanOnePage: the feed hands out a thousand changes at once.
func TestCore_Delivery_ReadsMoreThanOnePage(t *testing.T) {
	h := newHouse(t, "").open()
	ctx := context.Background()
	const n = 2300
	for i := range n {
		at := monday.Add(time.Duration(i/3) * time.Minute) // three of each start, over the ends of pages too
		c := telemetry.Change{ID: fmt.Sprint("d", i), Service: fmt.Sprint("s", i%3), VersionTo: fmt.Sprint("v", i), Started: at, Finished: at.Add(time.Second)}
		if _, _, err := h.core.Changes().Record(ctx, c, at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := h.core.Delivery(ctx, web.DeliveryRequest{From: monday, To: monday.Add(48 * time.Hour), Zone: time.UTC})
	if err != nil || r.Total.Deployments != n || len(r.Services) != 3 {
		t.Errorf("got %d deployments of %d services, %v; want %d of 3", r.Total.Deployments, len(r.Services), err, n)
	}
	if r, err := h.core.Delivery(ctx, web.DeliveryRequest{From: monday, To: monday.Add(48 * time.Hour), Zone: time.UTC, Service: "s1"}); err != nil || len(r.Services) != 1 {
		t.Errorf("one service: got %+v, %v", r, err)
	}
}
