import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Hub, listen, listenAlone, type Port } from './live-shared.ts'
import type { LineState, Source } from './live.ts'

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
}

let sources: FakeSource[]
const open = (url: string) => {
  const s = new FakeSource(url)
  sources.push(s)
  return s
}
const incident = (seq: number) => ({ event: { seq }, incident: { id: 'i' } })

/** Two ends of a line: what one says the other hears at once. */
function line(): [Port, Port] {
  const a: Port = { onmessage: null, postMessage: (m) => b.onmessage?.(new MessageEvent('message', { data: m })) }
  const b: Port = { onmessage: null, postMessage: (m) => a.onmessage?.(new MessageEvent('message', { data: m })) }
  return [a, b]
}

function tab(hub: Hub) {
  const heard = { seen: [] as number[], states: [] as LineState[], resets: 0, stop: () => undefined as void }
  heard.stop = listen({ event: (r) => heard.seen.push(r.event.seq), reset: () => heard.resets++, state: (s) => heard.states.push(s) }, () => {
    const [port, far] = line()
    hub.greet(far)
    return { port, onerror: null }
  })
  return heard
}

function hide(hidden: boolean) {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })
  document.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(() => {
  sources = []
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  Reflect.deleteProperty(document, 'hidden')
})

test('eight tabs share one stream and all hear of everything', () => {
  const hub = new Hub(open)
  const tabs = Array.from({ length: 8 }, () => tab(hub))
  expect(sources).toHaveLength(1)
  sources[0]!.send('hello', { seq: 7 })
  sources[0]!.send('incident', incident(8))
  sources[0]!.send('reset', { seq: 9 })
  for (const t of tabs) expect(t).toMatchObject({ seen: [8], states: ['connecting', 'live'], resets: 1 })
  tabs.forEach((t) => t.stop())
})

test('a tab that comes later knows how the line stands; one that went hears no more', () => {
  const hub = new Hub(open)
  const first = tab(hub)
  sources[0]!.send('hello', { seq: 7 })
  const later = tab(hub)
  expect(later.states).toEqual(['live'])
  first.stop()
  sources[0]!.send('incident', incident(8))
  expect([first.seen, later.seen]).toEqual([[], [8]])
  later.stop()
})

test('a page that the browser kept and shows again loads anew and listens again', () => {
  const hub = new Hub(open)
  const t = tab(hub)
  window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
  sources[0]!.send('incident', incident(8))
  expect(t.seen).toEqual([])
  window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
  sources[0]!.send('incident', incident(9))
  expect(t).toMatchObject({ seen: [9], resets: 1 })
  t.stop()
})

test('a browser that cannot share listens alone', () => {
  vi.stubGlobal('EventSource', class extends FakeSource {
    constructor(url: string) {
      super(url)
      sources.push(this)
    }
  })
  const on = { event: () => undefined, reset: () => undefined, state: () => undefined }
  const stop = listen(on, () => {
    throw new Error('no shared workers')
  })
  expect(sources).toHaveLength(1)
  stop()
  const worker = { port: line()[0], onerror: null as ((e: ErrorEvent) => void) | null }
  const stopOther = listen(on, () => worker)
  expect(sources).toHaveLength(1)
  worker.onerror?.(new ErrorEvent('error'))
  expect(sources).toHaveLength(2)
  stopOther()
  expect(sources[1]!.closed).toBe(true)
  vi.unstubAllGlobals()
})

test('a tab of its own stream holds it only while it is seen, and misses nothing', () => {
  const seen: number[] = []
  const stop = listenAlone({ event: (r) => seen.push(r.event.seq), reset: () => undefined, state: () => undefined }, open)
  sources[0]!.send('hello', { seq: 7 })
  sources[0]!.send('incident', incident(8))
  hide(true)
  expect(sources[0]!.closed).toBe(true)
  vi.advanceTimersByTime(60_000)
  expect(sources).toHaveLength(1)
  hide(false)
  expect(sources[1]!.url).toBe('/api/v1/tocsin/events?last_event_id=8')
  sources[1]!.send('incident', incident(9))
  expect(seen).toEqual([8, 9])
  stop()
  hide(true)
  hide(false)
  expect(sources).toHaveLength(2)
})
