package capture

import (
	"bytes"
	"strings"
	"testing"
)

const seed = `{"tocsin_capture":{"version":1,"incident":"01","service":"pay","title":"t","history_from":"2026-03-03T11:00:00Z","from":"2026-03-03T12:00:00Z","to":"2026-03-03T13:00:00Z","services":["pay"],"notes":[],"recorded":[{"service":"pay","title":"t","severity":"critical","state":"open","onset":"2026-03-03T12:01:00Z","opened":"2026-03-03T12:01:00Z","suspect":"","probability":0}]}}
{"settings":"incidents: {resolve_after: 1m}\n"}
{"file":{"kind":"alerts","name":"alerts.yml","text":"alerts: []\n"}}
{"act":{"at":"2026-03-03T12:02:00Z","verb":"ack","service":"pay","actor":"someone"}}
{"line":{"at":"2026-03-03T12:00:00Z","service":"pay","severity":17,"body":"it failed"}}
{"series":{"labels":{"__name__":"up","service":"pay"},"history":true,"samples":"1772539199998 1 1 +Inf"}}
{"series":{"labels":{"__name__":"up","service":"pay"},"samples":"1772539200000 0.1 15000 NaN 15001 stale"}}
{"end":{"lines":7,"samples":5}}
`

// FuzzRead looks for lines that bring the reader down, or out of which come samples
// that are not in order of time.
func FuzzRead(f *testing.F) {
	f.Add([]byte(seed))
	f.Add([]byte(strings.Replace(seed, "15000", "-1", 1)))
	f.Add([]byte("{}\n"))
	limits := Limits{Bytes: 1 << 20, Line: 1 << 18, Series: 100, Samples: 10_000, Others: 100}
	if _, line, err := readText(strings.NewReader(seed), limits); err != nil {
		f.Fatal(line, err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := readText(bytes.NewReader(text), limits)
		if err != nil {
			return
		}
		for _, s := range c.Series {
			for i := 1; i < len(s.Samples); i++ {
				if s.Samples[i].T <= s.Samples[i-1].T {
					t.Fatalf("times do not rise: %v", s.Samples)
				}
			}
		}
		c.Window()
	})
}
