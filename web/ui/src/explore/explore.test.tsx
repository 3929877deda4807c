import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { choose } from '../chart/legend.ts'
import { alignSeries } from '../chart/band.ts'
import { axisFigures } from '../chart/canvas.tsx'
import { figure } from '../format/number.ts'
import { List, about, matching } from './metrics.tsx'
import { isSelector } from './panel.tsx'
import { ResultTable } from './table.tsx'
import { TimeBar, fieldTime, stepOf } from './time.tsx'
import { type View, parseView } from './state.ts'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const base = parseView(new URLSearchParams())

describe('time', () => {
  test('the step follows the range, and a given one unless it is too fine for the API', () => {
    expect(stepOf(base)).toBe(30)
    expect(stepOf({ ...base, step: 1 })).toBe(1)
    expect(stepOf({ ...base, step: 1, range: 86_400 })).toBeGreaterThanOrEqual(120)
  })

  test('earlier, later and now move the end', () => {
    const changes: Partial<View>[] = []
    const show = (end: number | null) => (
      <MantineProvider>
        <TimeBar view={{ ...base, end }} change={(v) => changes.push(v)} />
      </MantineProvider>
    )
    const { rerender } = render(show(1_772_366_405))
    expect(screen.getByLabelText<HTMLInputElement>('End').value).toMatch(/^2026-03-01T13:00:05/)
    fireEvent.click(screen.getByLabelText('Earlier'))
    fireEvent.click(screen.getByLabelText('Later'))
    fireEvent.click(screen.getByText('Now'))
    fireEvent.change(screen.getByLabelText('End'), { target: { value: '2026-03-01T12:00:00' } })
    fireEvent.change(screen.getByLabelText('Range'), { target: { value: '900' } })
    expect(changes).toEqual([{ end: 1_772_361_005 }, { end: 1_772_371_805 }, { end: null }, { end: 1_772_362_800 }, { range: 900 }])
    changes.length = 0
    rerender(show(Math.round(Date.now() / 1000) - 60))
    fireEvent.click(screen.getByLabelText('Later'))
    expect(changes).toEqual([{ end: null }]) // there is no later than now
  })

  test('a time is written as its field wants it', () => {
    expect(fieldTime(1_772_366_405)).toBe('2026-03-01T13:00:05')
  })
})

describe('the legend', () => {
  test('one is shown alone, then all again', () => {
    const alone = choose(new Set(), 1, 3, false)
    expect([...alone]).toEqual([0, 2])
    expect(choose(alone, 1, 3, false).size).toBe(0)
    expect([...choose(alone, 0, 3, false)]).toEqual([1, 2])
  })

  test('with a second key one is hidden or shown', () => {
    expect([...choose(new Set([0]), 2, 3, true)]).toEqual([0, 2])
    expect([...choose(new Set([0, 2]), 2, 3, true)]).toEqual([0])
    expect(choose(new Set([0, 2]), 1, 3, true).size).toBe(0) // an empty chart helps nobody
  })
})

test('labels of the value axis tell ticks apart', () => {
  expect(axisFigures([11.8, 11.85, 11.9], '')).toEqual(['11.8', '11.85', '11.9'])
  expect(axisFigures([1000.5, 1001, 1001.5], '')).toEqual(['1000.5', '1001', '1001.5'])
  expect(axisFigures([0, 20_000], '')).toEqual(['0', figure(20_000, '')])
})

test('a gap in all series is drawn as one', () => {
  const got = alignSeries([{ metric: {}, values: [[0, '1'], [15, '2'], [60, '3']] }], 15)
  expect(got).toEqual({ t: [0, 15, 30, 60], columns: [[1, 2, null, 3]] })
})

test('only a selector has a band', () => {
  for (const s of ['up', 'tocsin:error_rate{service="a"}', '{__name__="x"}', 'up { a=~"b}c", d=\'}\' }', 'up{a=`}`}']) expect(isSelector(s), s).toBe(true)
  for (const s of ['', 'rate(up[5m])', 'up[5m]', 'up offset 5m', 'a + b', 'up{', '1 + 1', 'sum(up)', 'up{tocsin_band="upper"}']) expect(isSelector(s), s).toBe(false)
})

describe('the table', () => {
  const vector = {
    kind: 'vector' as const,
    rows: [
      { metric: { __name__: 'up', job: 'a"b' }, value: '1' },
      { metric: {}, value: '30' },
      { metric: { job: 'c' }, value: '4' },
    ],
    warnings: [],
    took: 1,
    samples: 3,
  }

  test('shows series as PromQL writes them, and sorts by value', () => {
    render(<ResultTable answer={vector} />)
    const text = () => screen.getAllByRole('row').map((r) => r.textContent)
    expect(text()).toEqual(['SeriesValue', 'up{job="a\\"b"}1', '{}30', '{job="c"}4'])
    fireEvent.click(screen.getByText('Value'))
    expect(text().slice(1)).toEqual(['{}30', '{job="c"}4', 'up{job="a\\"b"}1'])
  })

  test('says when there is nothing, and when there is too much', () => {
    render(<ResultTable answer={{ ...vector, rows: [] }} />)
    expect(screen.getByText(/No series has a value/)).toBeTruthy()
    cleanup()
    render(<ResultTable answer={{ ...vector, rows: Array.from({ length: 1500 }, (_, i) => ({ metric: { i: String(i) }, value: '1' })) }} />)
    expect(document.querySelectorAll('tbody tr')).toHaveLength(500)
    expect(screen.getByText(/1,500 series; the first 500/)).toBeTruthy()
  })
})

describe('the metrics', () => {
  const known = { latency_seconds: [{ type: 'histogram', help: 'How long it took.', unit: 'seconds' }], up: [{ type: 'gauge', help: '', unit: '' }] }

  test('are found by words of name and help, what begins with the word first', () => {
    const names = ['a_up', 'latency_seconds_bucket', 'up']
    expect(matching(names, 'up', known)).toEqual(['up', 'a_up'])
    expect(matching(names, 'long took', known)).toEqual(['latency_seconds_bucket'])
    expect(matching(names, '', known)).toEqual(names)
    expect(about('latency_seconds_bucket', known)?.type).toBe('histogram')
    expect(about('other', known)).toBeUndefined()
  })

  test('are listed with type and help, and handed on', async () => {
    vi.stubGlobal('fetch', (path: string) =>
      Promise.resolve(new Response(JSON.stringify({ data: path.includes('metadata') ? known : ['latency_seconds_bucket', 'up'] }))),
    )
    const picked: string[] = []
    render(
      <MantineProvider>
        <List pick={(n) => picked.push(n)} />
      </MantineProvider>,
    )
    await waitFor(() => expect(screen.getByText('How long it took.')).toBeTruthy())
    fireEvent.change(screen.getByLabelText('Search'), { target: { value: 'lat' } })
    expect(screen.getByRole('status').textContent).toBe('1 of 2 metrics')
    fireEvent.click(screen.getByText('latency_seconds_bucket'))
    expect(picked).toEqual(['latency_seconds_bucket'])
  })
})
