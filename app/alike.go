package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report"
)

const (
	// alikeLooked is how many earlier incidents of the service are compared with.
	alikeLooked = 200
	// alikeShown is how many a report names, alikeLeast how alike they must be.
	alikeShown = 3
	alikeLeast = 0.3
)

// alike returns the earlier incidents of the service that showed most of the same:
// the names of what was odd that both have, as a share of all that either has
// (Jaccard), of those at least alikeLeast.
func (c *Core) alike(ctx context.Context, i incident.Incident, cfg report.Config) ([]report.Similar, error) {
	list, err := c.incidents.List(ctx, incident.Filter{Service: i.Service, To: i.Opened, Limit: alikeLooked})
	if err != nil {
		return nil, err
	}
	var out []report.Similar
	mine := shownBy(i)
	for _, x := range list {
		theirs := shownBy(x)
		both := 0
		for name := range mine {
			if theirs[name] {
				both++
			}
		}
		if all := len(mine) + len(theirs) - both; all > 0 && x.ID != i.ID && x.Environment == i.Environment && float64(both)/float64(all) >= alikeLeast {
			out = append(out, report.Similar{ID: x.ID, Title: x.Title, Onset: onsetOf(x), Score: float64(both) / float64(all)})
		}
	}
	slices.SortStableFunc(out, func(a, b report.Similar) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), b.Onset.Compare(a.Onset), cmp.Compare(a.ID, b.ID))
	})
	out = out[:min(len(out), alikeShown)]
	for n := range out {
		in, err := c.reportInput(ctx, out[n].ID)
		if err != nil {
			return nil, err
		}
		for _, t := range report.Build(in, cfg).Tried {
			if t.Helped == report.HelpedYes {
				out[n].Fixed = t.What + ": " + t.Title
			}
		}
	}
	return out, nil
}

func shownBy(i incident.Incident) map[string]bool {
	names := map[string]bool{}
	for _, o := range i.Occurrences {
		names[cmp.Or(o.Signal, o.Name)] = true
	}
	return names
}
