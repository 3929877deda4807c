package app

import (
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestEnvironmentOf_TakesTheFirstLabelWithAValue(t *testing.T) {
	order := []string{"environment", "env", "deployment_environment"}
	pair := func(n, v string) telemetry.Pair { return telemetry.Pair{Name: []byte(n), Value: []byte(v)} }
	for want, from := range map[string][]telemetry.Pair{
		"prod":    {pair("env", "prod"), pair("deployment.environment", "staging")},
		"staging": {pair("pod", "a"), pair("environment", ""), pair("deployment.environment", "staging")},
		"":        {pair("environments", "x"), pair("en", "y")},
	} {
		if got := string(environmentOf(from, order)); got != want {
			t.Errorf("%s: got %q, want %q", from, got, want)
		}
	}
}
