// Package topology knows which service a series belongs to. The service graph
// from spans will live here too.
package topology

import "github.com/prometheus/prometheus/model/labels"

// DefaultServiceLabels is the order in which labels are asked for the name of
// the service that a series belongs to. The first with a value wins.
var DefaultServiceLabels = []string{"service", "service_name", "app", "job"}

// Owner resolves series to services. It is immutable and safe for concurrent use.
type Owner struct {
	order []string
}

// NewOwner returns an Owner that asks the given labels in order; with none
// given it uses DefaultServiceLabels. The slice is copied.
func NewOwner(order []string) Owner {
	if len(order) == 0 {
		order = DefaultServiceLabels
	}
	return Owner{order: append([]string(nil), order...)}
}

// Service returns the service of a series, or "" when no label names one.
func (o Owner) Service(l labels.Labels) string {
	for _, name := range o.order {
		if v := l.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// Labels returns a copy of the labels asked, in order.
func (o Owner) Labels() []string { return append([]string(nil), o.order...) }
