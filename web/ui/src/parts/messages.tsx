import { Button, Skeleton, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ApiError } from '../api/client.ts'

/** Shown while the first answer is on its way. */
export function Loading({ what }: { what: string }) {
  return (
    <div role="status" className="stack">
      <VisuallyHidden>Loading {what}</VisuallyHidden>
      <Skeleton height={30} width="42%" />
      <Skeleton height={64} />
      <Skeleton height={64} />
    </div>
  )
}

/** Shown when something could not be loaded. What was loaded before stays on the page. */
export function Failure({ error, again }: { error: ApiError | undefined; again?: () => void }) {
  if (!error) return null
  return (
    <div className="notice bad" role="alert">
      <p>
        {error.message}
        {error.retryable && <span className="dim"> Trying again by itself.</span>}
      </p>
      {error.requestId && <p className="mono">request {error.requestId}</p>}
      {again && !error.retryable && (
        <div>
          <Button variant="default" size="xs" onClick={again}>
            Try again
          </Button>
        </div>
      )}
    </div>
  )
}

/** An empty state that says what to do next. */
export function Lesson({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="sheet lesson">
      <h2>{title}</h2>
      {children}
    </section>
  )
}

/** How to point Prometheus here. */
export function PointPrometheus() {
  return (
    <>
      <p>Add this to prometheus.yml and reload Prometheus. Series appear within a scrape interval; baselines need some hours to become narrow.</p>
      <pre tabIndex={0}>{`remote_write:\n  - url: ${window.location.origin}/api/v1/write`}</pre>
    </>
  )
}

/** How to tell of a change. */
export function TellOfChange() {
  return (
    <>
      <p>Let each deployment, flag or configuration change tell of itself, so that an incident can name it. One line at the end of a pipeline is enough:</p>
      <pre tabIndex={0}>{`curl ${window.location.origin}/api/v1/tocsin/changes -d '{
  "kind": "deployment", "service": "checkout",
  "version_from": "v41", "version_to": "v42", "author": "'$USER'"
}'`}</pre>
    </>
  )
}
