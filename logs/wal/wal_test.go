package wal_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsinhq/tocsin/logs/wal"
)

func frames(n int) (data []byte, ends []int) {
	for i := range n {
		data = wal.AppendFrame(data, fmt.Appendf(nil, "payload %d %s", i, bytes.Repeat([]byte{byte(i)}, i*3)))
		ends = append(ends, len(data))
	}
	return data, ends
}

func scan(t *testing.T, data []byte) (n int, d wal.Damage) {
	t.Helper()
	d, err := wal.Scan(data, func(payload []byte, _ int64) error {
		if !bytes.HasPrefix(payload, []byte("payload ")) {
			t.Errorf("got %q, which nobody wrote", payload)
		}
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, d
}

func TestScan_CutAtEveryByte_KeepsAllWholeFrames(t *testing.T) {
	data, ends := frames(12)
	for cut := range len(data) + 1 {
		want := 0
		for _, e := range ends {
			if e <= cut {
				want++
			}
		}
		got, d := scan(t, data[:cut])
		if got != want || d.Frames != 0 || d.Torn != int64(cut)-endOf(ends, want) {
			t.Fatalf("cut at %d: got %d frames, %+v; want %d", cut, got, d, want)
		}
	}
}

func endOf(ends []int, n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(ends[n-1])
}

func TestScan_ByteTurned_LosesOneFrame(t *testing.T) {
	data, _ := frames(12)
	for at := range data {
		bad := bytes.Clone(data)
		bad[at] ^= 0x55
		got, d := scan(t, bad)
		if got != 11 || (d.Bytes == 0 && d.Torn == 0) {
			t.Fatalf("byte %d: got %d frames, %+v; want 11 and the damage told", at, got, d)
		}
	}
}

func TestWriter_WhatIsAppended_IsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "1.wal")
	w, err := wal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range 5 {
		if err := w.Append(wal.AppendFrame(nil, fmt.Appendf(nil, "payload %d", i))); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path) // before any sync
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := scan(t, data); n != 5 || w.Size() != int64(len(data)) {
		t.Errorf("got %d frames in %d bytes, the writer says %d", n, len(data), w.Size())
	}
	if err := w.Sync(); err != nil {
		t.Error(err)
	}
	if _, err := wal.Create(path); err == nil {
		t.Error("a file that exists was taken for new")
	}
}

func FuzzScan(f *testing.F) {
	data, _ := frames(3)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		total := int64(0)
		d, err := wal.Scan(data, func(p []byte, _ int64) error {
			total += int64(len(p)) + 12
			return nil
		})
		if err != nil || total+d.Bytes+d.Torn != int64(len(data)) {
			t.Errorf("%d bytes of frames, %+v of %d, %v", total, d, len(data), err)
		}
	})
}
