package web_test

import (
	"context"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// foretold keeps what was asked and answers with three of each.
type foretold struct {
	forecast web.ForecastRequest
	capacity web.CapacityRequest
}

func (f *foretold) Forecast(_ context.Context, r web.ForecastRequest) ([]web.Forecast, error) {
	f.forecast = r
	return make([]web.Forecast, min(3, r.Limit)), nil
}

func (f *foretold) Capacity(_ context.Context, r web.CapacityRequest) ([]web.Room, error) {
	f.capacity = r
	return make([]web.Room, min(3, r.Limit)), nil
}

func TestForecast_ParametersReachTheSource(t *testing.T) {
	s := newServer()
	source := &foretold{}
	s.Options.Forecasts = source
	h := s.Handler()
	res, body := ask(t, h, "GET", "/api/v1/tocsin/forecast?match=up", "")
	if list := decode[web.ForecastList](t, body); res.StatusCode != 200 || len(list.Forecasts) != 3 || list.More {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
	if r := source.forecast; r.Match != "up" || r.Horizon != 24*time.Hour || r.Coverage != 0.9 || !math.IsNaN(float64(r.Until)) || r.Below {
		t.Errorf("defaults: got %+v", r)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/forecast?match=up&horizon=3d&coverage=0.8&threshold=-1.5&direction=below&limit=2", "")
	if list := decode[web.ForecastList](t, body); len(list.Forecasts) != 2 || !list.More {
		t.Errorf("limit: got %s", body)
	}
	if r := source.forecast; r.Horizon != 72*time.Hour || r.Coverage != 0.8 || r.Until != -1.5 || !r.Below {
		t.Errorf("got %+v", r)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/capacity?horizon=2w&full=0.8&service=db&limit=1", "")
	if list := decode[web.RoomList](t, body); len(list.Rooms) != 1 || !list.More {
		t.Errorf("capacity: got %s", body)
	}
	if r := source.capacity; r.Horizon != 14*24*time.Hour || r.Full != 0.8 || r.Service != "db" {
		t.Errorf("got %+v", r)
	}
}

func TestForecast_OfTheShop(t *testing.T) {
	h := newServer().Handler()
	match := url.QueryEscape(`tocsin:error_rate{service="checkout"}`)
	_, body := ask(t, h, "GET", "/api/v1/tocsin/forecast?threshold=0.5&match="+match, "")
	list := decode[web.ForecastList](t, body)
	if len(list.Forecasts) != 1 || list.Forecasts[0].Unit != "ratio" || list.Forecasts[0].Crossing == nil || strings.Contains(body, "likely") {
		t.Errorf("got %s", body)
	}
	res, body := ask(t, h, "GET", "/api/v1/tocsin/forecast?match=nothing", "")
	if e := decode[web.ErrorBody](t, body); res.StatusCode != 404 || !strings.Contains(e.Error, "no series matches nothing") {
		t.Errorf("no match: got %d %+v", res.StatusCode, e)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/capacity?horizon=7d", "")
	rooms := decode[web.RoomList](t, body).Rooms
	if len(rooms) != 3 || rooms[0].Crossing.Likely.IsZero() || !rooms[1].Crossing.Likely.IsZero() {
		t.Errorf("got %s", body)
	}
}
