package detector

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// The part of a checkpoint that is about services follows the series:
//
//	count     uint32 services
//	services  name as uvarint length and bytes; serviceState
//
// Services are found again by name. One that has no series any more is left
// out; one whose series were of another service before begins anew.

// serviceState is a service as it is written. Metrics that are held are told by
// the hash of their labels, because slots may change.
type serviceState struct {
	Offset, Grouped uint64
	Spent           spending
	Group           group
	Held            [heldMost]uint64
	Named           [guiltyMost]uint64
}

var serviceSize = binary.Size(serviceState{})

func (b *Bank) writeServices(out *summed) {
	b.register.RLock()
	names := slices.Sorted(maps.Keys(b.services.byName))
	indexes := make([]uint32, len(names))
	for i, name := range names {
		indexes[i] = b.services.byName[name]
	}
	b.register.RUnlock()
	buf := binary.LittleEndian.AppendUint32(nil, uint32(len(names)))
	for j, name := range names {
		state := b.services.at(indexes[j]).save()
		b.hashHeld(state.Held[:], state.Group.Held[:])
		b.hashHeld(state.Named[:], state.Group.Named[:])
		buf = binary.AppendUvarint(buf, uint64(len(name)))
		buf = append(buf, name...)
		buf, _ = binary.Append(buf, binary.LittleEndian, &state)
		out.write(buf)
		buf = buf[:0]
	}
	out.write(buf)
}

// hashHeld puts the hash of the labels that are, or were last, at each place into
// hashes in its stead.
func (b *Bank) hashHeld(hashes []uint64, metrics []held) {
	b.register.RLock()
	defer b.register.RUnlock()
	for i := range metrics {
		if at := metrics[i].Slot; at != 0 {
			hashes[i], metrics[i].Slot = b.entries[at].labels.Hash(), 0
		}
	}
}

func (v *service) save() serviceState {
	v.mu.Lock()
	defer v.mu.Unlock()
	return serviceState{Offset: v.offset.bits.Load(), Grouped: v.grouped.bits.Load(), Spent: v.spent, Group: v.group}
}

// restoreServices reads services into a bank that nobody else sees yet and whose
// series are there already.
func (b *Bank) restoreServices(in *checked) error {
	p, err := in.take(4)
	if err != nil {
		return err
	}
	count := binary.LittleEndian.Uint32(p)
	for i := range count {
		name, err := in.text()
		if err != nil {
			return fmt.Errorf("service %d of %d: %w", i+1, count, err)
		}
		var state serviceState
		if err := in.decode(&state, serviceSize); err != nil {
			return fmt.Errorf("service %d of %d: %w", i+1, count, err)
		}
		at, ok := b.services.byName[name]
		if !ok {
			continue
		}
		for k, hash := range state.Held {
			state.Group.Held[k].Slot = b.byHash[hash]
		}
		for k, hash := range state.Named {
			state.Group.Named[k].Slot = b.byHash[hash]
		}
		v := b.services.at(at)
		v.offset.bits.Store(state.Offset)
		v.grouped.bits.Store(state.Grouped)
		v.spent, v.group = state.Spent, state.Group
	}
	return nil
}
