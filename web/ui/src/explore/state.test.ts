import { describe, expect, test } from 'vitest'
import { type View, canAdd, parseView, viewAddress, viewParams } from './state.ts'

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
