import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import type { LineState } from './api/live.ts'
import { listen } from './api/live-shared.ts'
import type { EventRecord } from './api/nouns.ts'

type Listener = (r: EventRecord | null) => void

interface Live {
  state: LineState
  /** Calls f for each event, and with null when everything must be loaded anew. Returns the undo. */
  subscribe: (f: Listener) => () => void
}

const LiveContext = createContext<Live>({ state: 'connecting', subscribe: () => () => undefined })

/** One live stream for all pages, whatever page is open. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<LineState>('connecting')
  const [listeners] = useState(() => new Set<Listener>())
  useEffect(() => {
    const tell = (r: EventRecord | null) => listeners.forEach((f) => f(r))
    return listen({ event: tell, reset: () => tell(null), state: setState })
  }, [listeners])
  const value = useMemo(
    () => ({
      state,
      subscribe: (f: Listener) => {
        listeners.add(f)
        return () => void listeners.delete(f)
      },
    }),
    [state, listeners],
  )
  return <LiveContext value={value}>{children}</LiveContext>
}

/** The state of the line. */
export function useLine(): LineState {
  return useContext(LiveContext).state
}

/** Calls f on live events, gathering those that come within a quarter second into one call. */
export function useLive(f: (records: (EventRecord | null)[]) => void): void {
  const { subscribe } = useContext(LiveContext)
  const ref = useRef(f)
  ref.current = f
  useEffect(() => {
    let waiting: (EventRecord | null)[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const undo = subscribe((r) => {
      waiting.push(r)
      timer ??= setTimeout(() => {
        const now = waiting
        waiting = []
        timer = undefined
        ref.current(now)
      }, 250)
    })
    return () => {
      undo()
      clearTimeout(timer)
    }
  }, [subscribe])
}
