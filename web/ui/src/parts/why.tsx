import { UnstyledButton } from '@mantine/core'
import { useId, useState } from 'react'
import { api } from '../api/client.ts'
import { useResource } from '../api/resource.ts'
import { Failure, Loading } from './messages.tsx'

/** A button that asks the detector why the sample of a series at a time was odd. */
export function Why({ query, at }: { query: string; at: string }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  return (
    <>
      <UnstyledButton className="second" fz="sm" td="underline" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        Why?
      </UnstyledButton>
      <div id={id}>{open && <Answer query={query} at={at} />}</div>
    </>
  )
}

function Answer({ query, at }: { query: string; at: string }) {
  const e = useResource(`why ${query} ${at}`, (signal) => api.explain(query, at, signal))
  return (
    <>
      <Failure error={e.error} again={e.reload} />
      {e.loading && <Loading what="the explanation" />}
      {e.data && (
        <pre tabIndex={0} className="mono" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {e.data.text}
        </pre>
      )}
    </>
  )
}
