import { LiveEvents, type LineState, type Listeners, type Source } from './live.ts'
import type { EventRecord } from './nouns.ts'

// A browser opens at most six connections to a host that speaks HTTP/1.1, and a
// stream of events holds one for as long as it is open. With a stream for each tab
// the seventh would wait for ever, and so would every request of the other six.
// All tabs therefore listen to one stream, which a shared worker holds.

/** The part of a port between a tab and the worker that is used. */
export interface Port {
  postMessage(m: unknown): void
  onmessage: ((e: MessageEvent) => void) | null
}

/** What a tab says: from now on it listens, or it goes away. */
type Ask = 'here' | 'bye'
/** What the worker says. */
type Word = { event: EventRecord } | { state: LineState } | 'reset'

/** The worker's side: one stream, told to every tab that is here. */
export class Hub {
  readonly #tabs = new Set<Port>()
  readonly #live: LiveEvents
  #state: LineState = 'connecting'

  constructor(open?: (url: string) => Source) {
    this.#live = new LiveEvents(
      {
        event: (event) => this.#tell({ event }),
        reset: () => this.#tell('reset'),
        state: (state) => {
          this.#state = state
          this.#tell({ state })
        },
      },
      open,
    )
    this.#live.start()
  }

  /** Listens to a tab. Ports do not tell that their other end is gone, so the tab must. */
  greet(port: Port): void {
    port.onmessage = (e: MessageEvent<Ask>) => {
      if (e.data === 'bye') {
        this.#tabs.delete(port)
        return
      }
      this.#tabs.add(port)
      port.postMessage({ state: this.#state } satisfies Word)
    }
  }

  #tell(w: Word): void {
    for (const tab of this.#tabs) tab.postMessage(w)
  }
}

interface Worker {
  port: Port
  onerror: ((e: ErrorEvent) => void) | null
}

const startWorker = (): Worker => new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: 'tocsin-live' })

/** Listens to the events that all tabs share, or alone where a browser cannot share. Returns the undo. */
export function listen(on: Listeners, start: () => Worker = startWorker): () => void {
  let stopAlone: (() => void) | undefined
  let worker: Worker
  try {
    worker = start()
  } catch {
    return listenAlone(on)
  }
  const { port } = worker
  worker.onerror = () => {
    stopAlone ??= listenAlone(on)
  }
  port.onmessage = (e: MessageEvent<Word>) => {
    const word = e.data
    if (word === 'reset') on.reset()
    else if ('event' in word) on.event(word.event)
    else on.state(word.state)
  }
  const hide = () => port.postMessage('bye' satisfies Ask)
  const show = (e: PageTransitionEvent) => {
    if (!e.persisted) return
    port.postMessage('here' satisfies Ask) // kept whole by the browser and shown again
    on.reset()
  }
  window.addEventListener('pagehide', hide)
  window.addEventListener('pageshow', show)
  port.postMessage('here' satisfies Ask)
  return () => {
    hide()
    port.onmessage = null
    worker.onerror = null
    window.removeEventListener('pagehide', hide)
    window.removeEventListener('pageshow', show)
    stopAlone?.()
  }
}

/**
 * A stream of this tab's own, held only while the tab is seen. On its return the
 * stream goes on after the last event, so that nothing is missed.
 */
export function listenAlone(on: Listeners, open?: (url: string) => Source): () => void {
  const live = new LiveEvents(on, open)
  const follow = () => (document.hidden ? live.stop() : live.start())
  document.addEventListener('visibilitychange', follow)
  follow()
  return () => {
    document.removeEventListener('visibilitychange', follow)
    live.stop()
  }
}
