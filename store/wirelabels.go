package store

import (
	"bytes"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// ofWire makes the labels that make would of those that stand in wire form, in one pass
// over them, and reports false where make is to be asked: for labels that are out of
// order, empty, longer than 127 bytes with what is around them, or wrong in any way, so
// that what is wrong is said in one place. The bytes are then those that
// telemetry.AppendWire writes of the labels.
func (m *labelMaker) ofWire(wire []byte) (labels.Labels, bool) {
	if !m.writes {
		return labels.EmptyLabels(), false
	}
	text := m.text[:0]
	var last []byte
	n, named := 0, false
	for i := 0; i < len(wire); n++ {
		// 0x0a, size, 0x0a, size and name, 0x12, size and value: see telemetry.PlainLabels.
		if len(wire)-i < 6 || wire[i] != 0x0a || wire[i+1] >= 0x80 || wire[i+2] != 0x0a || wire[i+3] >= 0x80 {
			return labels.EmptyLabels(), false
		}
		end, at := i+2+int(wire[i+1]), i+6+int(wire[i+3])
		if at >= end || end > len(wire) || wire[at-2] != 0x12 || wire[at-1] >= 0x80 || at+int(wire[at-1]) != end {
			return labels.EmptyLabels(), false
		}
		name, value := wire[i+4:at-2], wire[at:end]
		if bytes.Compare(last, name) >= 0 || len(name) > m.limits.MaxLabelNameBytes || len(value) > m.limits.MaxLabelValueBytes ||
			!goodText(name, false) || !goodText(value, true) {
			return labels.EmptyLabels(), false
		}
		named = named || string(name) == labels.MetricName
		// Behind lengths of one byte, as labels keep them.
		text = append(append(text, wire[i+3:at-2]...), wire[at-1:end]...)
		last, i = name, end
	}
	m.text = text
	if !named || n > m.limits.MaxLabels {
		return labels.EmptyLabels(), false
	}
	return labeltext.Labels(string(text)), true
}
