package docgen_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/internal/docgen"
	"github.com/tocsinhq/tocsin/rules/signal"
)

func TestSignals_NewSignal_IsOnThePage(t *testing.T) {
	c, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	c, errs := c.Extend("x.yml", []byte(`signals:
  - name: waiting_jobs
    unit: ""
    bad: up
    help: Jobs that wait | in a queue.
    variants:
      - library: ours
        gauge: jobs_waiting
        service_labels: [queue]
`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var b bytes.Buffer
	if err := docgen.Signals(&b, c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| [`waiting_jobs`](#waiting_jobs) | number | up | no | Jobs that wait \\| in a queue. |",
		"\n## waiting_jobs\n\nJobs that wait | in a queue. Labels: `service`, `environment`.\n",
		"| ours | `sum by (service) (jobs_waiting)` with the service from `queue` |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
	}
	if err := docgen.Signals(fullDisk{}, c); err == nil {
		t.Error("want the writer's error")
	}
}
