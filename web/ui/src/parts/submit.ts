import { type SubmitEvent, useState } from 'react'
import { ApiError } from '../api/client.ts'

const nameKey = 'tocsin-name'

/** The name that a person gave before; empty when none is known. */
export function storedName(): string {
  try {
    return localStorage.getItem(nameKey) ?? ''
  } catch {
    return '' // storage is switched off: ask each time
  }
}

/** Keeps the name for the next time. */
function storeName(name: string): void {
  try {
    localStorage.setItem(nameKey, name)
  } catch {
    // as above
  }
}

/** What a form in a dialog that a person signs has in common: the name, one try at a time, and what went wrong. */
export function useSigned(send: (actor: string) => Promise<unknown>, sent: () => void) {
  const [actor, setActor] = useState(storedName)
  const [error, setError] = useState<ApiError>()
  const [busy, setBusy] = useState(false)
  const submit = async (e: SubmitEvent<HTMLFormElement>) => {
    e.preventDefault()
    setBusy(true)
    try {
      await send(actor)
      storeName(actor.trim())
      sent()
    } catch (x) {
      setError(x instanceof ApiError ? x : new ApiError(String(x), 0, false))
      setBusy(false)
    }
  }
  return { actor, setActor, error, busy, submit: (e: SubmitEvent<HTMLFormElement>) => void submit(e) }
}
