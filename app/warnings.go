package app

import (
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/warm"
)

// Warnings lists what works but is probably not what was meant: channels that
// alerts name and that are not configured.
func Warnings(cfg config.Config, set rules.RuleSet) []string {
	names := make([]string, len(cfg.Notify.Channels))
	for i, c := range cfg.Notify.Channels {
		names[i] = c.Name
	}
	router := notify.NewRouter(cfg.Notify, names)
	var out []string
	for _, f := range set.Alerts {
		for _, r := range f.Alerts {
			missing := router.Missing(r.Channels)
			if len(missing) == 0 {
				continue
			}
			out = append(out, fmt.Sprintf("%s: alert %q names channels that are not configured: %s; its messages go to the other channels that it names, or to the default ones (notify.channels, notify.default)",
				r.Source(), r.Name, strings.Join(missing, ", ")))
		}
	}
	return out
}

// warnings are those of the configuration in use.
func (a *App) warnings() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Warnings(a.loaded.config, a.loaded.rules)
}

// storeWarnings says why nothing is accepted now, if so, what was lost to damage since
// the process began, and which history the detector did not get.
func (c *Core) storeWarnings() []string {
	out := []string{} // a list also when it is empty
	if err := c.writer.Healthy(); err != nil {
		out = append(out, err.Error())
	}
	for _, d := range c.tsdb.Damages() {
		out = append(out, d.String())
	}
	if c.damaged != "" {
		out = append(out, c.damaged)
	}
	if warning := warmWarning(c.starter.Progress()); warning != "" {
		out = append(out, warning)
	}
	return out
}

// warmWarning says what a warm start did not get, "" if nothing.
func warmWarning(p warm.Progress) string {
	switch {
	case !p.Incomplete:
		return ""
	case p.Active:
		return "the server of warm_start does not give the history of series now; it is asked again, and they learn from what comes in meanwhile"
	case p.Failed > 0:
		return fmt.Sprintf("the server of warm_start did not give the history of %d of %d series; they learn from what comes in, and a restart tries again", p.Failed, p.Series)
	default:
		return "the server of warm_start could not be asked for its series; they learn from what comes in, and a restart tries again"
	}
}
