import { Modal, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import { type Known, metadata, metricNames } from '../api/prometheus.ts'
import { useResource } from '../api/resource.ts'
import { Failure, Loading } from '../parts/messages.tsx'

const mostShown = 200

/** Names that hold all the words, those that begin with the first word first. */
export function matching(names: string[], text: string, known: Record<string, Known[]>): string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const first = words[0] ?? ''
  const fits = (n: string) => {
    const all = `${n} ${about(n, known)?.help ?? ''}`.toLowerCase()
    return words.every((w) => all.includes(w))
  }
  const found = names.filter(fits)
  return [...found.filter((n) => n.toLowerCase().startsWith(first)), ...found.filter((n) => !n.toLowerCase().startsWith(first))]
}

/** What is known of a metric, or of the family that it is a part of. */
export function about(name: string, known: Record<string, Known[]>): Known | undefined {
  const family = name.replace(/_(bucket|sum|count|total|created)$/, '')
  return known[name]?.[0] ?? known[family]?.[0]
}

/** Lists the metrics that are stored, with type and help; pressing one hands its name on. */
export function Metrics({ opened, close, pick }: { opened: boolean; close: () => void; pick: (name: string) => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Metrics" size="xl" closeButtonProps={{ 'aria-label': 'Close' }}>
      {opened && (
        <List
          pick={(n) => {
            pick(n)
            close()
          }}
        />
      )}
    </Modal>
  )
}

export function List({ pick }: { pick: (name: string) => void }) {
  const [text, setText] = useState('')
  const names = useResource('metric names', (signal) => metricNames(signal))
  const known = useResource('metadata', (signal) => metadata(signal))
  const found = useMemo(() => matching(names.data ?? [], text, known.data ?? {}), [names.data, known.data, text])
  return (
    <div className="stack">
      <TextInput data-autofocus aria-label="Search" placeholder="Words of the name or the help" value={text} onChange={(e) => setText(e.currentTarget.value)} />
      <Failure error={names.error} again={names.reload} />
      {names.loading && <Loading what="the metrics" />}
      {names.data && (
        <p className="dim" role="status">
          {found.length.toLocaleString('en-GB')} of {names.data.length.toLocaleString('en-GB')} metrics
          {found.length > mostShown && `, the first ${mostShown} are shown`}
        </p>
      )}
      <ul className="metrics">
        {found.slice(0, mostShown).map((n) => {
          const k = about(n, known.data ?? {})
          return (
            <li key={n}>
              <button type="button" onClick={() => pick(n)}>
                <span className="mono">{n}</span>
                {k && k.type !== 'unknown' && k.type !== '' && <em>{k.type}</em>}
                {k?.unit && <em>{k.unit}</em>}
                {k?.help && <small>{k.help}</small>}
              </button>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
