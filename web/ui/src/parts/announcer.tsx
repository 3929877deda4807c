import { VisuallyHidden } from '@mantine/core'
import { type ReactNode, createContext, useCallback, useContext, useState } from 'react'

const AnnounceContext = createContext<(text: string) => void>(() => undefined)

/** Holds the one live region in which new incidents are told to screen readers. */
export function Announcer({ children }: { children: ReactNode }) {
  const [text, setText] = useState('')
  const announce = useCallback((t: string) => setText(t), [])
  return (
    <AnnounceContext value={announce}>
      {children}
      <VisuallyHidden aria-live="assertive" role="alert">
        {text}
      </VisuallyHidden>
    </AnnounceContext>
  )
}

/** Returns a function that says a sentence to screen readers. */
export function useAnnounce(): (text: string) => void {
  return useContext(AnnounceContext)
}
