import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError } from './client.ts'

export interface Resource<T> {
  /** The last good answer; kept while a newer one is on its way or failed. */
  data: T | undefined
  error: ApiError | undefined
  loading: boolean
  reload: () => void
}

const retryWait = 4000

/**
 * Loads something and keeps it fresh. A change of key forgets what was loaded;
 * an error keeps it. Answers that may succeed later are asked for again.
 * Nothing is asked while the page is hidden; what fell due then is asked when it is shown again.
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>, refresh = 0): Resource<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: ApiError }>({ key })
  const [round, setRound] = useState(0)
  const loadRef = useRef(load)
  loadRef.current = load
  const reload = useCallback(() => setRound((n) => n + 1), [])

  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let due = false
    const ask = () => {
      due = document.hidden
      if (!due) void run()
    }
    const again = (wait: number) => {
      timer = setTimeout(ask, wait)
    }
    const shown = () => {
      if (due) ask()
    }
    const run = async () => {
      try {
        const data = await loadRef.current(abort.signal)
        if (abort.signal.aborted) return
        setState({ key, data })
        if (refresh > 0) again(refresh)
      } catch (e) {
        if (abort.signal.aborted) return
        const error = e instanceof ApiError ? e : new ApiError(String(e), 0, false)
        setState((old) => ({ ...(old.key === key ? old : {}), key, error }))
        if (error.retryable) again(retryWait)
        else if (refresh > 0) again(refresh)
      }
    }
    void run()
    document.addEventListener('visibilitychange', shown)
    return () => {
      document.removeEventListener('visibilitychange', shown)
      abort.abort()
      clearTimeout(timer)
    }
  }, [key, refresh, round])

  const mine = state.key === key
  const data = mine ? state.data : undefined
  const error = mine ? state.error : undefined
  return { data, error, loading: data === undefined && error === undefined, reload }
}
