import { useSyncExternalStore } from 'react'

// One ticking clock for every "14 min ago" on the page.
let now = Date.now()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(f: () => void): () => void {
  listeners.add(f)
  timer ??= setInterval(() => {
    now = Date.now()
    listeners.forEach((g) => g())
  }, 1000 * 5)
  return () => {
    listeners.delete(f)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** The time in ms, renewed every five seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}
