import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LineState, LiveEvents, type Source } from './live.ts'

class FakeSource implements Source {
  onerror: ((e: Event) => void) | null = null
  closed = false
  readonly #listeners = new Map<string, (e: MessageEvent<string>) => void>()
  constructor(readonly url: string) {}
  addEventListener(kind: string, f: (e: MessageEvent<string>) => void) {
    this.#listeners.set(kind, f)
  }
  close() {
    this.closed = true
  }
  send(kind: string, data: unknown) {
    this.#listeners.get(kind)?.(new MessageEvent(kind, { data: JSON.stringify(data) }))
  }
  incident(seq: number) {
    this.send('incident', { event: { seq }, incident: { id: 'i' } })
  }
  fail() {
    this.onerror?.(new Event('error'))
  }
}

let sources: FakeSource[]
let seen: number[]
let states: LineState[]
let resets: number
let live: LiveEvents

beforeEach(() => {
  vi.useFakeTimers()
  sources = []
  seen = []
  states = []
  resets = 0
  live = new LiveEvents(
    { event: (r) => seen.push(r.event.seq), reset: () => resets++, state: (s) => states.push(s) },
    (url) => {
      const s = new FakeSource(url)
      sources.push(s)
      return s
    },
  )
  live.start()
})
afterEach(() => {
  live.stop()
  vi.useRealTimers()
})

const last = () => sources[sources.length - 1]!

test('events arrive and the line is live after hello', () => {
  expect(last().url).toBe('/api/v1/tocsin/events')
  last().send('hello', { seq: 7 })
  last().incident(8)
  expect(seen).toEqual([8])
  expect(states).toEqual(['connecting', 'live'])
})

test('a broken line resumes after the last event', () => {
  last().send('hello', { seq: 7 })
  last().incident(8)
  last().fail()
  expect(last().closed).toBe(true)
  expect(states.at(-1)).toBe('lost')
  vi.advanceTimersByTime(1000)
  expect(sources).toHaveLength(2)
  expect(last().url).toBe('/api/v1/tocsin/events?last_event_id=8')
})

test('a line without any event resumes from where it began', () => {
  last().send('hello', { seq: 7 })
  last().fail()
  vi.advanceTimersByTime(1000)
  expect(last().url).toBe('/api/v1/tocsin/events?last_event_id=7')
})

test('events sent again are not told again', () => {
  last().send('hello', { seq: 7 })
  last().incident(8)
  last().fail()
  vi.advanceTimersByTime(1000)
  last().incident(8)
  last().incident(9)
  expect(seen).toEqual([8, 9])
})

test('the wait doubles up to ten seconds and falls back after success', () => {
  for (const wait of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
    const before = sources.length
    last().fail()
    vi.advanceTimersByTime(wait - 1)
    expect(sources).toHaveLength(before)
    vi.advanceTimersByTime(1)
    expect(sources).toHaveLength(before + 1)
  }
  last().send('hello', { seq: 1 })
  const before = sources.length
  last().fail()
  vi.advanceTimersByTime(1000)
  expect(sources).toHaveLength(before + 1)
})

test('a reset loads anew and resumes from the new end', () => {
  last().send('hello', { seq: 2000 })
  last().send('reset', { seq: 2000 })
  expect(resets).toBe(1)
  last().fail()
  vi.advanceTimersByTime(1000)
  expect(last().url).toBe('/api/v1/tocsin/events?last_event_id=2000')
})

test('a stopped line stays stopped', () => {
  const s = last()
  live.stop()
  s.fail()
  vi.advanceTimersByTime(60_000)
  expect(s.closed).toBe(true)
  expect(sources).toHaveLength(1)
})

test('an error of an old connection does not break the new one', () => {
  const old = last()
  old.fail()
  vi.advanceTimersByTime(1000)
  old.fail()
  expect(last().closed).toBe(false)
})
