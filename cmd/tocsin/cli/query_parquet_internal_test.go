package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func TestQueryLogs_Parquet_OtherProgramsReadWhatWasFound(t *testing.T) {
	lines := []string{
		`{"time":"2026-11-25T12:00:00.000000001Z","level":"error","service":"pay","line":"it broke\nhere","template":"0000000000000001","trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708","labels":{"pod":"p-1","env":"prod"}}`,
		`{"time":"2026-11-25T12:00:01Z","level":"info","service":"cart","line":""}`,
	}
	answer := strings.Join(lines, "\n") + "\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "logs.parquet")
	var out, told bytes.Buffer
	c := queryLogsCommand{URL: server.URL, Limit: 0, Output: "parquet", Out: path}
	if err := c.Run(t.Context(), streams{out: &out, err: &told}); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.ReadFile[parquetRow](path)
	if err != nil {
		t.Fatal(err)
	}
	want := []parquetRow{
		{1795608000000000001, "error", "pay", "it broke\nhere", "0000000000000001", "0102030405060708090a0b0c0d0e0f10", "0102030405060708", map[string]string{"pod": "p-1", "env": "prod"}},
		{1795608001000000000, "info", "cart", "", "", "", "", map[string]string{}},
	}
	for i := range got {
		if got[i].Labels == nil {
			got[i].Labels = map[string]string{}
		}
	}
	if !reflect.DeepEqual(got, want) || out.Len() > 0 {
		t.Errorf("got %+v, %q", got, out.String())
	}

	answer += `{"error":"the disk is on fire"}` + "\n"
	if err := c.Run(t.Context(), streams{out: &out, err: &told}); err == nil {
		t.Error("half an answer was written as if it were whole")
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if again, _ := parquet.ReadFile[parquetRow](path); err != nil || len(files) != 1 || len(again) != 2 {
		t.Errorf("the older file is gone or another is left: %v, %d rows, %v", files, len(again), err)
	}
	for _, wrong := range []queryLogsCommand{{URL: server.URL, Output: "parquet"}, {URL: server.URL, Output: "json", Out: path}, {URL: server.URL, Output: "parquet", Out: path, Follow: true}} {
		if err := wrong.Run(t.Context(), streams{out: &out, err: &told}); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}
