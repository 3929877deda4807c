package otlp

import (
	"slices"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Limits are those of the store, so that what would be refused there can be cut here.
type Limits struct {
	LabelValueBytes int // of a label's value
	Labels          int // of a series
}

// Attributes of resources by which series find their target.
const (
	serviceName       = "service.name"
	serviceNamespace  = "service.namespace"
	serviceInstanceID = "service.instance.id"
)

// unknownService is the service of resources that name none, as OpenTelemetry's
// own SDKs call it.
const unknownService = "unknown_service"

// truncated stands at the end of values that were cut.
const truncated = "...[truncated]"

// attributes takes out what cannot be a label and cuts what is too long for one. Of
// attributes of the same name the last stays.
func (c *checker) attributes(m pcommon.Map) {
	if m.Len() == 0 {
		return
	}
	if again(m) {
		last := make(map[string]pcommon.Value, m.Len())
		for name, v := range m.All() {
			last[name] = v
		}
		// What is removed is moved, so the values to keep are put where the first is.
		once := pcommon.NewMap()
		for name := range m.All() {
			if v, ok := last[name]; ok {
				v.CopyTo(once.PutEmpty(name))
				delete(last, name)
			}
		}
		once.MoveTo(m)
		c.report.repaired["duplicate_attribute"]++
	}
	invalid := false
	for name, v := range m.All() {
		if !c.isLabel(name) {
			invalid = true
			continue
		}
		c.cut(v)
	}
	if invalid {
		m.RemoveIf(func(name string, _ pcommon.Value) bool { return !c.isLabel(name) })
		c.report.repaired["attribute_without_name"]++
	}
}

// again reports whether a name occurs twice.
func again(m pcommon.Map) bool {
	const few = 32
	if m.Len() > few {
		seen := make(map[string]struct{}, m.Len())
		for name := range m.All() {
			seen[name] = struct{}{}
		}
		return len(seen) < m.Len()
	}
	var names [few]string
	n := 0
	for name := range m.All() {
		if slices.Contains(names[:n], name) {
			return true
		}
		names[n] = name
		n++
	}
	return false
}

// maxLabelsSeen bounds the memory of names within one export.
const maxLabelsSeen = 10_000

// isLabel reports whether a label can be made of the name of an attribute. The
// converter gives up the rest of a metric otherwise.
func (c *checker) isLabel(name string) bool {
	ok, seen := c.labels[name]
	if !seen {
		built, err := c.label.Build(name)
		ok = err == nil && built != "" && built != model.MetricNameLabel
		if len(c.labels) < maxLabelsSeen {
			c.labels[name] = ok
		}
	}
	return ok
}

// cut shortens a value that is longer than a label may be. Lists, maps and bytes
// are measured as the text that they become.
func (c *checker) cut(v pcommon.Value) {
	var text string
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text = v.Str()
	case pcommon.ValueTypeBytes, pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		text = v.AsString()
	default:
		return
	}
	if len(text) <= c.limits.LabelValueBytes {
		return
	}
	end := max(0, c.limits.LabelValueBytes-len(truncated))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	v.SetStr(text[:end] + truncated)
	c.report.repaired["value_truncated"]++
}

// identify makes sure that a resource says of which service and instance it is,
// and that target_info, which gets all its attributes, is not too wide.
func (c *checker) identify(m pcommon.Map) {
	c.attributes(m)
	if v, ok := m.Get(serviceName); !ok || v.AsString() == "" {
		m.PutStr(serviceName, unknownService)
		c.report.repaired["no_service_name"]++
	}
	if v, ok := m.Get(serviceInstanceID); !ok || v.AsString() == "" {
		for _, name := range c.config.InstanceAttributes {
			if v, ok := m.Get(name); ok && v.AsString() != "" {
				m.PutStr(serviceInstanceID, v.AsString())
				break
			}
		}
	}
	// Beside the attributes, target_info has a name, a job and an instance.
	spare := c.limits.Labels - 3
	if m.Len() <= spare {
		return
	}
	kept := 0
	m.RemoveIf(func(name string, _ pcommon.Value) bool {
		switch name {
		case serviceName, serviceNamespace, serviceInstanceID:
			return false
		}
		if slices.Contains(c.config.PromoteResourceAttributes, name) {
			return false
		}
		kept++
		return kept > spare-3-len(c.config.PromoteResourceAttributes)
	})
	c.report.repaired["too_many_attributes"]++
}
