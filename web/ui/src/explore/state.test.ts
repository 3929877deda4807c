import { describe, expect, test } from 'vitest'
import { type View, canAdd, parseDuration, parseGraph, parseView, viewAddress, viewParams } from './state.ts'

const view = (text: string) => parseView(new URLSearchParams(text))

describe('the address of the page', () => {
  test('an empty one is one empty query that follows the clock', () => {
    expect(view('')).toEqual({ queries: [{ expr: '', view: 'graph' }], range: 10_800, end: null, step: null, band: true, exemplars: false })
  })

  test('links from other pages name a query alone', () => {
    expect(view('query=up%7Bjob%3D%22a%22%7D').queries).toEqual([{ expr: 'up{job="a"}', view: 'graph' }])
  })

  test('what was written is read again', () => {
    const v: View = {
      queries: [{ expr: 'rate(a[5m]) + 1', view: 'table' }, { expr: 'b&c=#', view: 'graph' }],
      range: 900,
      end: 1_772_366_400,
      step: 15,
      band: false,
      exemplars: true,
    }
    expect(parseView(viewParams(v))).toEqual(v)
    expect(viewAddress(v)).toContain('view=table&view=graph')
  })

  test('nonsense counts as not said', () => {
    const v = view('query=a&view=pie&range=-5&end=noon&step=0')
    expect(v).toMatchObject({ queries: [{ expr: 'a', view: 'graph' }], range: 10_800, end: null, step: null })
  })

  test('eight queries are the most', () => {
    const v = view(Array.from({ length: 12 }, (_, i) => `query=q${i}`).join('&'))
    expect(v.queries).toHaveLength(8)
    expect(canAdd(v)).toBe(false)
  })
})

describe("the address of Prometheus' own page", () => {
  const graph = (text: string) => parseGraph(new URLSearchParams(text))

  test('panels become queries, their time that of the page', () => {
    expect(graph('g0.expr=up+%3D%3D+0&g0.tab=1&g0.range_input=1h30m&g0.end_input=2026-03-01%2012:00:00&g0.step_input=15&g1.expr=b&g1.tab=graph')).toEqual({
      queries: [
        { expr: 'up == 0', view: 'table' },
        { expr: 'b', view: 'graph' },
      ],
      range: 5400,
      end: 1_772_366_400,
      step: 15,
      band: true,
      exemplars: false,
    })
  })

  test('what it does not say is as usual', () => {
    expect(graph('g0.expr=up&g0.range_input=long&g0.end_input=noon')).toEqual(view('query=up'))
    expect(graph('')).toEqual(view(''))
  })

  test('durations', () => {
    expect(parseDuration('1h30m')).toBe(5400)
    expect(parseDuration('500ms')).toBe(0.5)
    expect(parseDuration('2w')).toBe(1_209_600)
    for (const bad of ['', '5', 'h', '1h ', '-1h', '0s']) expect(parseDuration(bad)).toBeNull()
  })
})
