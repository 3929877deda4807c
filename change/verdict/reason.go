package verdict

import (
	"fmt"
	"strings"
)

// reason puts a verdict into a sentence.
func (j *judgement) reason(v Verdict) string {
	if len(v.Signals) == 0 {
		return "no signal of the service is known; is its telemetry coming in, and under this name?"
	}
	top := v.Signals[0]
	moved := fmt.Sprintf("%s went from %.4g to %.4g %s", top.Signal, top.Before, top.After, top.Unit)
	switch v.State {
	case Faulty:
		return fmt.Sprintf("%s; a change without effect shows so much at most 1 time in %.3g, and %s", strings.TrimSpace(moved), v.Evidence, against(v))
	case Suspicious:
		return fmt.Sprintf("%s; that may be chance (evidence %.3g of the %.3g asked for)", strings.TrimSpace(moved), v.Evidence, 1/j.c.Alpha)
	case Healthy:
		return fmt.Sprintf("no signal is worse by more than its margin; the nearest is %s", top.Signal)
	}
	var lacking, open []string
	for _, f := range v.Signals {
		if f.Lacks != "" {
			lacking = append(lacking, f.Signal+" has "+f.Lacks)
		} else if f.Safe < excluded {
			open = append(open, f.Signal)
		}
	}
	var parts []string
	if len(open) > 0 {
		parts = append(parts, "harm to "+strings.Join(open, ", ")+" is neither shown nor excluded")
	}
	parts = append(parts, lacking...)
	if len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("nothing is worse so far; a word needs %s after the change", j.c.MinWatch))
	}
	return strings.Join(parts, "; ")
}

func against(v Verdict) string {
	if v.Placebos == 0 {
		return "there is no earlier time to compare with"
	}
	return fmt.Sprintf("%d of %d earlier times without a change showed less", v.Beaten, v.Placebos)
}
