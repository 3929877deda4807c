import { Button } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { type LogLine, type TailState, tailLogs } from '../api/logs.ts'
import { Lines } from './lines.tsx'
import type { LogView } from './query.ts'

const most = 500
const gather = 250

const words: Record<TailState, string> = { connecting: 'Connecting', live: 'Waiting for lines as they are stored.', lost: 'No connection; trying again by itself.', failed: 'The tail ended.' }

/** Lines as they are stored. While it is paused they wait, the newest of them. */
export function Live({ view }: { view: LogView }) {
  const [lines, setLines] = useState<LogLine[]>([])
  const [waiting, setWaiting] = useState(0)
  const [paused, setPaused] = useState(false)
  const [missed, setMissed] = useState(false)
  const [state, setState] = useState<{ state: TailState; text?: string | undefined }>({ state: 'connecting' })
  const held = useRef<LogLine[]>([])
  const still = useRef(false)
  still.current = paused
  const take = () => {
    const fresh = held.current
    if (fresh.length === 0) return
    held.current = []
    setLines((old) => [...fresh, ...old].slice(0, most))
    setWaiting(0)
  }
  const query = view.query
  useEffect(() => {
    const stop = tailLogs(query, {
      line: (l) => (held.current = [l, ...held.current].slice(0, most)),
      missed: () => setMissed(true),
      state: (s, text) => setState({ state: s, text }),
    })
    // Lines come one by one, many in a second; the page is drawn a few times in it.
    const timer = setInterval(() => (still.current ? setWaiting(held.current.length) : take()), gather)
    return () => {
      stop()
      clearInterval(timer)
      held.current = []
      setLines([])
    }
  }, [query])
  return (
    <>
      <div className="filters log-live">
        <Button
          variant="default"
          aria-pressed={paused}
          onClick={() => {
            setPaused(!paused)
            if (paused) take()
          }}
        >
          {paused ? 'Go on' : 'Pause'}
        </Button>
        <span className="dim" role="status">
          {paused ? (waiting === 0 ? 'Paused.' : `Paused; ${waiting === most ? `${most} or more` : waiting} ${waiting === 1 ? 'line waits' : 'lines wait'}.`) : state.state !== 'live' ? `${words[state.state]}${state.text ? ` ${state.text}` : ''}` : lines.length === 0 ? words.live : `The newest ${lines.length === 1 ? 'line' : `${lines.length} lines`}.`}
        </span>
      </div>
      {missed && <p className="notice bad">There were more lines than could be shown; some were left out. A narrower query misses none.</p>}
      {lines.length > 0 && <Lines lines={lines} view={view} />}
    </>
  )
}
