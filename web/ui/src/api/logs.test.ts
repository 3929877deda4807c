import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Source } from './live.ts'
import { parseLines, tailLogs } from './logs.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class FakeSource implements Source {
  listeners = new Map<string, (e: MessageEvent<string>) => void>()
  onerror: ((e: Event) => void) | null = null
  closed = false
  constructor(readonly url: string) {}
  addEventListener(kind: string, f: (e: MessageEvent<string>) => void) {
    this.listeners.set(kind, f)
  }
  close() {
    this.closed = true
  }
  say(kind: string, data: unknown) {
    this.listeners.get(kind)?.(new MessageEvent(kind, { data: JSON.stringify(data) }))
  }
}

function follow() {
  const sources: FakeSource[] = []
  const heard: unknown[] = []
  const stop = tailLogs(
    '{a="b"}',
    { line: (l) => heard.push(l.line), missed: () => heard.push('missed'), state: (s, text) => heard.push(text === undefined ? s : [s, text]) },
    (url) => {
      const s = new FakeSource(url)
      sources.push(s)
      return s
    },
  )
  return { sources, heard, stop, last: () => sources.at(-1) ?? new FakeSource('none') }
}

test('a tail tells of lines, of what was left out, and comes back', () => {
  const t = follow()
  expect(t.last().url).toBe('/api/v1/tocsin/logs/tail?query=%7Ba%3D%22b%22%7D')
  t.last().say('hello', {})
  t.last().say('line', { line: 'one' })
  t.last().say('missed', {})
  t.last().onerror?.(new Event('error'))
  expect(t.heard).toEqual(['connecting', 'live', 'one', 'missed', 'lost'])
  expect(t.last().closed).toBe(true)
  vi.advanceTimersByTime(999)
  expect(t.sources).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(t.sources).toHaveLength(2)
  t.stop()
  expect(t.last().closed).toBe(true)
  vi.advanceTimersByTime(60_000)
  expect(t.sources).toHaveLength(2)
})

test('a tail that failed says why and does not come back', () => {
  const t = follow()
  t.last().say('failed', { error: 'the store is closed' })
  expect(t.heard).toEqual(['connecting', ['failed', 'the store is closed']])
  vi.advanceTimersByTime(60_000)
  expect(t.sources).toHaveLength(1)
})

test('lines are read one by one; an error after them is one of the whole', () => {
  const line = '{"time":"2026-03-04T12:00:00Z","level":"info","service":"","line":"x","labels":{"error":"y"}}\n'
  expect(parseLines(line + line)).toHaveLength(2)
  expect(parseLines('')).toEqual([])
  expect(() => parseLines(`${line}{"error":"the query took too long"}\n`)).toThrow('the query took too long')
})
