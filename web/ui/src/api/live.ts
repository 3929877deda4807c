import type { EventRecord } from './nouns.ts'

/** What the page knows of the line to the daemon. */
export type LineState = 'connecting' | 'live' | 'lost'

/** The part of EventSource that is used, so that a test can stand in for it. */
export interface Source {
  addEventListener(kind: string, f: (e: MessageEvent<string>) => void): void
  close(): void
  onerror: ((e: Event) => void) | null
}

export interface Listeners {
  event: (r: EventRecord) => void
  /** Too much was missed: everything must be loaded anew. */
  reset: () => void
  state: (s: LineState) => void
}

const firstWait = 1000
const longestWait = 10_000

/**
 * A live stream of incident events that comes back by itself. A browser's own
 * EventSource gives up for good on any answer but 200, which is what a
 * restarting daemon gives, so each connection is made anew here and resumes
 * after the last event seen.
 */
export class LiveEvents {
  #source: Source | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #wait = firstWait
  #lastId = ''
  #stopped = false
  readonly #listeners: Listeners
  readonly #open: (url: string) => Source

  constructor(listeners: Listeners, open: (url: string) => Source = (url) => new EventSource(url)) {
    this.#listeners = listeners
    this.#open = open
  }

  start(): void {
    this.#stopped = false
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#source?.close()
    this.#source = null
  }

  #connect(): void {
    if (this.#stopped) return
    this.#listeners.state('connecting')
    const resume = this.#lastId === '' ? '' : `?last_event_id=${this.#lastId}`
    const source = this.#open(`/api/v1/tocsin/events${resume}`)
    this.#source = source
    source.addEventListener('hello', (e) => {
      this.#wait = firstWait
      // From here on nothing may be missed, so the end of the log is where a
      // connection without any event resumes.
      if (this.#lastId === '') this.#lastId = String((JSON.parse(e.data) as { seq: number }).seq)
      this.#listeners.state('live')
    })
    source.addEventListener('incident', (e) => {
      const record = JSON.parse(e.data) as EventRecord
      if (Number(this.#lastId) >= record.event.seq) return // seen before the line broke
      this.#lastId = String(record.event.seq)
      this.#listeners.event(record)
    })
    source.addEventListener('reset', (e) => {
      this.#lastId = String((JSON.parse(e.data) as { seq: number }).seq)
      this.#listeners.reset()
    })
    source.onerror = () => this.#retry(source)
  }

  #retry(source: Source): void {
    if (this.#source !== source) return
    source.close()
    this.#source = null
    if (this.#stopped) return
    this.#listeners.state('lost')
    this.#timer = setTimeout(() => this.#connect(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, longestWait)
  }
}
