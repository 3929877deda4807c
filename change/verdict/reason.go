package verdict

import (
	"fmt"
	"strings"
)

// reason puts a verdict into a sentence.
func (j *judgement) reason(v Verdict) string {
	if text := j.armReason(v); text != "" {
		return text
	}
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
		for _, f := range v.Signals {
			if top = f; f.Signal != NovelSignal {
				break
			}
		}
		return fmt.Sprintf("no signal is worse by more than its margin; the nearest is %s", top.Signal)
	}
	var lacking, open []string
	for _, f := range v.Signals {
		if f.Lacks != "" {
			lacking = append(lacking, f.Signal+" has "+f.Lacks)
		} else if f.Signal == NovelSignal {
			if f.worse(1) {
				open = append(open, f.Signal)
			}
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

// armReason puts the comparison of a canary into a sentence if it is what speaks.
func (j *judgement) armReason(v Verdict) string {
	if v.Arms == nil || len(v.Arms.Signals) == 0 {
		return ""
	}
	c, top := v.Arms, v.Arms.Signals[0]
	moved := strings.TrimSpace(fmt.Sprintf("%s of %s is %.4g where %s has %.4g %s in the same time", top.Signal, c.Canary, top.Canary, c.Baseline, top.Baseline, top.Unit))
	speaks := c.Evidence >= suspicious && top.Lacks == ""
	switch {
	case v.State == Faulty && speaks && c.Evidence >= 2/j.c.Alpha:
		return fmt.Sprintf("%s; two versions that do alike show so much at most 1 time in %.3g", moved, c.Evidence)
	case v.State == Suspicious && speaks && v.Evidence < c.Evidence:
		return fmt.Sprintf("%s; that may be chance (evidence %.3g of the %.3g asked for)", moved, c.Evidence, 2/j.c.Alpha)
	case v.State == Healthy && len(v.Signals) == 0 || v.State == Healthy && j.in.Ended.IsZero():
		return fmt.Sprintf("no signal of %s is worse than that of %s in the same time by more than its margin", c.Canary, c.Baseline)
	}
	return ""
}
