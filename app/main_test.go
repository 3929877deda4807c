package app_test

import (
	"testing"

	"go.uber.org/goleak"
)

// The daemon ends with every goroutine that it began: nothing is excused, not
// even those of the sample store and the state database.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
