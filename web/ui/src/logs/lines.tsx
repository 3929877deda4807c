import { useId, useState } from 'react'
import { Link } from 'wouter'
import type { LogLine } from '../api/logs.ts'
import { When } from '../parts/when.tsx'
import { type LogView, logAddress, namable, narrow, select } from './query.ts'

/** Lines with what is known of each; the newest is the first. */
export function Lines({ lines, view }: { lines: LogLine[]; view: LogView }) {
  // The same line may come twice; the list grows at its front, so it is counted from its end.
  const seen = new Map<string, number>()
  const keys = lines.toReversed().map((l) => {
    const base = `${l.time} ${l.service} ${l.line}`
    const n = (seen.get(base) ?? 0) + 1
    seen.set(base, n)
    return `${base} ${n}`
  })
  return (
    <ol className="log-lines" aria-label="Lines">
      {lines.map((l, i) => (
        <Line key={keys[lines.length - 1 - i]} line={l} view={view} />
      ))}
    </ol>
  )
}

/** A query that is narrowed shows lines, or goes on to follow them. */
const to = (view: LogView, query: string) => logAddress({ ...view, show: view.show === 'live' ? 'live' : 'lines', query })

function Line({ line: l, view }: { line: LogLine; view: LogView }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  return (
    <li data-level={l.level}>
      <button type="button" className="opener" data-row aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <When at={l.time} />
      </button>
      <span className="log-level">{l.level}</span>
      <span className="log-service">{l.service && <Link href={to(view, select(view.query, 'service_name', l.service))}>{l.service}</Link>}</span>
      <span className="log-text mono">{l.line}</span>
      <span className="log-trace">
        {l.trace_id && (
          <Link href={to(view, narrow('', 'trace_id', l.trace_id))} title={`All lines of the trace ${l.trace_id}`} className="mono">
            {l.trace_id.slice(0, 8)}
          </Link>
        )}
      </span>
      <div id={id} className="log-more">
        {open && <Attributes line={l} view={view} />}
      </div>
    </li>
  )
}

/** All labels of a line, each with a link to the lines that have the same. */
function Attributes({ line: l, view }: { line: LogLine; view: LogView }) {
  const own = Object.entries({ detected_level: l.level, trace_id: l.trace_id, span_id: l.span_id, template: l.template }).filter((e): e is [string, string] => e[1] !== undefined)
  const rest = Object.entries(l.labels ?? {}).sort(([a], [b]) => a.localeCompare(b))
  return (
    <dl>
      {[['time', l.time] as const, ...own, ...rest].map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">
            {value}{' '}
            {name !== 'time' && namable(name) && (
              <Link href={to(view, narrow(view.query, name, value))} aria-label={`Only lines whose ${name} is ${value}`}>
                only these
              </Link>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
