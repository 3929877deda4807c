package rules

import "iter"

// ledger holds the alerts that are firing or held, by the name of their rule
// and then by fingerprint.
type ledger map[string]map[string]*entry

func (l ledger) get(name, fingerprint string) *entry { return l[name][fingerprint] }

func (l ledger) put(x *entry) {
	named := l[x.alert.Name]
	if named == nil {
		named = map[string]*entry{}
		l[x.alert.Name] = named
	}
	named[x.alert.Fingerprint] = x
}

func (l ledger) drop(x *entry) {
	named := l[x.alert.Name]
	delete(named, x.alert.Fingerprint)
	if len(named) == 0 {
		delete(l, x.alert.Name)
	}
}

// all returns every entry, in no order; entries may be dropped on the way.
func (l ledger) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, named := range l {
			for _, x := range named {
				if !yield(x) {
					return
				}
			}
		}
	}
}
