package detector

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// Blocks of services follow those of series in a checkpoint. Each service is its name,
// as uvarint length and bytes, its serviceState, and its budget as float32.
//
// Services are found again by name. One that has no series any more is left
// out; one whose series were of another service before begins anew.

// serviceState is a service as it is written. Metrics that are odd are told by
// the hash of their labels, because slots may change.
type serviceState struct {
	Offset, Grouped uint64
	Spent           spending
	Group           group
	Odd             [oddMost]uint64
	Named           [guiltyMost]uint64
}

var serviceForm = flatOf[serviceState]()

func (b *Bank) writeServices(out *blocksWriter) {
	b.register.RLock()
	names := slices.Sorted(maps.Keys(b.services.byName))
	indexes := make([]uint32, len(names))
	for i, name := range names {
		indexes[i] = b.services.byName[name]
	}
	b.register.RUnlock()
	out.begin(servicesBlock)
	for j, name := range names {
		state, budget := b.services.at(indexes[j]).save()
		b.hashOdd(state.Odd[:], state.Group.Odd[:])
		b.hashOdd(state.Named[:], state.Group.Named[:])
		out.buf = binary.AppendUvarint(out.buf, uint64(len(name)))
		out.buf = append(out.buf, name...)
		out.buf = serviceForm.append(out.buf, &state)
		out.buf = binary.LittleEndian.AppendUint32(out.buf, math.Float32bits(budget))
		out.next()
	}
	out.end()
}

// hashOdd puts the hash of the labels that are, or were last, at each place into
// hashes in its stead.
func (b *Bank) hashOdd(hashes []uint64, metrics []odd) {
	b.register.RLock()
	defer b.register.RUnlock()
	for i := range metrics {
		if at := metrics[i].Slot; at != 0 {
			hashes[i], metrics[i].Slot = b.entries[at].labels.Hash(), 0
		}
	}
}

func (v *service) save() (state serviceState, budget float32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return serviceState{Offset: v.offset.bits.Load(), Grouped: v.grouped.bits.Load(), Spent: v.spent, Group: v.group}, v.budget
}

// restoreService reads a service into a bank that nobody else sees yet and whose
// series are there already.
func (x *restoring) restoreService(in *fields) {
	b := x.Bank
	name := in.text(in.length(mostText))
	var state serviceState
	readValue(in, &serviceForm, &state)
	budget := float32(0) // not known
	if x.version > 10 {
		budget = in.float32()
		if !(budget > 0) || math.IsInf(float64(budget), 0) {
			in.fail("a budget of %v alarms a week", budget)
		}
	}
	at, ok := b.services.byName[name]
	if !ok || in.err != nil {
		return
	}
	for k, hash := range state.Odd {
		state.Group.Odd[k].Slot = b.byHash[hash]
	}
	for k, hash := range state.Named {
		state.Group.Named[k].Slot = b.byHash[hash]
	}
	v := b.services.at(at)
	v.offset.bits.Store(state.Offset)
	v.grouped.bits.Store(state.Grouped)
	v.spent, v.group = state.Spent, state.Group
	if budget > 0 {
		v.budgetUntil(&b.params, budget, x.newest[at])
	}
	v.recount(&b.params)
}
