import type { Occurrence, Reading } from '../api/nouns.ts'
import { figure } from './number.ts'

/** The worst report of an episode, or its last one where no worst is known. */
export function worst(o: Occurrence): Reading {
  return o.worst ?? { at: o.at, value: o.value, expected: o.expected, lower: o.lower, upper: o.upper, score: o.score }
}

/** What was normal: as the worst report has it, or else, for alerts, the last one. */
export function normal(o: Occurrence): Pick<Reading, 'expected' | 'lower' | 'upper'> {
  return o.worst && o.worst.expected !== null ? o.worst : o
}

/** How bad an anomaly was against what was normal, and where it is while it goes on. */
export function distance(o: Occurrence, over: boolean): string {
  const w = worst(o)
  const n = normal(o)
  const bad = figure(w.value, o.unit)
  const now = figure(o.value, o.unit)
  const apart = o.worst !== undefined && bad !== now
  const range = n.lower !== null && n.upper !== null ? ` (${figure(n.lower, o.unit)} to ${figure(n.upper, o.unit)})` : ''
  return `${apart ? `${bad} at worst` : bad}, expected ${figure(n.expected, o.unit)}${range}${apart && !over ? `, ${o.condition === 'held' || o.condition === 'stale_source' ? 'last' : 'now'} ${now}` : ''}`
}
