import { describe, expect, test } from 'vitest'
import type { Band, Change, PromSeries } from '../api/nouns.ts'
import { alignSeries, bandColumns, changeMarks, distinguish, niceStep, unitOf } from './band.ts'
import { placeLabels } from './marks.ts'

const band = (points: Band['points']): Band => ({ series: {}, unit: '', points })

describe('bandColumns', () => {
  test('keeps unknown figures unknown', () => {
    const c = bandColumns(band([[10_000, 1, null, null, null, null]]), 10)
    expect(c).toMatchObject({ t: [10], value: [1], expected: [null], lower: [null], upper: [null], outside: [null] })
  })

  test('breaks the line where samples are missing', () => {
    const c = bandColumns(band([0, 10, 20, 60].map((t) => [t * 1000, 1, 1, 0, 2, 0])), 10)
    expect(c.t).toEqual([0, 10, 20, 30, 60])
    expect(c.value).toEqual([1, 1, 1, null, 1])
    expect(c.upper).toEqual([2, 2, 2, null, 2])
  })

  test('does not break a series that is sampled more rarely than the step', () => {
    const c = bandColumns(band([0, 60, 120, 180, 400].map((t) => [t * 1000, 1, 1, 0, 2, 0])), 5)
    expect(c.t).toEqual([0, 60, 120, 180, 240, 400])
    expect(c.value[4]).toBeNull()
  })

  test('does not break it for a late sample', () => {
    const c = bandColumns(band([0, 10, 30, 40].map((t) => [t * 1000, 1, 1, 0, 2, 0])), 10)
    expect(c.t).toEqual([0, 10, 30, 40])
  })

  test('marks what is outside, joined to its neighbours', () => {
    const c = bandColumns(band([5, 5, 9, 9, 5, 5, -1].map((v, i) => [i * 1000, v, 5, 4, 6, 0])), 1)
    expect(c.outside).toEqual([null, 5, 9, 9, 5, 5, -1])
  })

  test('is empty for no points', () => expect(bandColumns(band([]), 1).t).toEqual([]))
})

test.each([
  [60, 480, 1],
  [3600, 480, 10],
  [8280, 480, 30],
  [86_400, 480, 300],
  [86_400 * 365, 100, 315_360],
])('niceStep(%s, %s) is %s', (span, wanted, step) => expect(niceStep(span, wanted)).toBe(step))

test('changes are marked by what they bring', () => {
  const c = { id: '1', kind: 'deployment', service: 'a', started: '2026-03-04T12:00:00Z', status: 'started', received: '' } as Change
  expect(changeMarks([{ ...c, version_to: 'v42' }, { ...c, kind: 'flag' }]).map((m) => m.label)).toEqual(['deploy v42', 'flag'])
  expect(changeMarks([c])[0]?.t).toBe(1772625600)
})

describe('range queries', () => {
  const series: PromSeries[] = [
    { metric: { __name__: 'up', job: 'a', zone: 'x' }, values: [[1, '1'], [2, 'NaN'], [3, '0']] },
    { metric: { __name__: 'up', job: 'b', zone: 'x' }, values: [[2, '5'], [4, '+Inf']] },
  ]
  test('are put on one axis, with null for what is not there or not finite', () => {
    expect(alignSeries(series)).toEqual({ t: [1, 2, 3, 4], columns: [[1, null, 0, null], [null, 5, null, null]] })
  })
  test('are named by the labels that differ', () => {
    expect(distinguish(series)).toEqual(['job=a', 'job=b'])
    expect(distinguish(series.slice(0, 1))).toEqual(['up'])
    expect(distinguish([{ metric: {}, values: [] }])).toEqual(['value'])
  })
})

test.each([
  ['tocsin:error_rate', 'ratio'],
  ['tocsin:p95_latency', 'seconds'],
  ['http_request_duration_seconds', 'seconds'],
  ['node_memory_MemFree_bytes', 'bytes'],
  ['tocsin:memory_percent', 'percent'],
  ['tocsin:request_rate', 'per_second'],
  ['up', ''],
])('the unit of %s is %s', (name, unit) => expect(unitOf(name)).toBe(unit))

describe('placeLabels', () => {
  test('puts labels that would touch into different rows', () => {
    expect(placeLabels([{ x: 10, width: 50 }, { x: 20, width: 50 }, { x: 200, width: 50 }], 500).map((p) => p.row)).toEqual([0, 1, 0])
  })
  test('turns a label at the right edge to the left', () => expect(placeLabels([{ x: 480, width: 50 }], 500)[0]).toEqual({ row: 0, x: 425 }))
  test('leaves out what fits in no row', () => {
    expect(placeLabels(Array.from({ length: 5 }, () => ({ x: 10, width: 50 })), 500).map((p) => p.row)).toEqual([0, 1, 2, -1, -1])
  })
})
