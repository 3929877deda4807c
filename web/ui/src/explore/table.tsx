import { useState } from 'react'
import type { InstantAnswer, Row } from '../api/prometheus.ts'

/** Rows that a browser still scrolls through; more are for a narrower query. */
const mostRows = 500

/** An instant answer, one row for each series. */
export function ResultTable({ answer }: { answer: InstantAnswer }) {
  const [byValue, setByValue] = useState(false)
  if (answer.rows.length === 0) return <p className="dim">No series has a value at this time.</p>
  const rows = byValue ? [...answer.rows].sort((a, b) => Number(b.value) - Number(a.value)) : answer.rows
  return (
    <div className="table-wrap">
      <table className="table figures">
        <thead>
          <tr>
            <th>{answer.kind === 'vector' || answer.kind === 'matrix' ? 'Series' : answer.kind}</th>
            <th className="num" aria-sort={byValue ? 'descending' : 'none'}>
              <button type="button" className="plain" onClick={() => setByValue(!byValue)}>
                Value{byValue ? ' ↓' : ''}
              </button>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, mostRows).map((r, i) => (
            <tr key={i}>
              <td className="mono">
                <Labels row={r} />
              </td>
              <td className="num mono">{r.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > mostRows && (
        <p className="dim">
          {rows.length.toLocaleString('en-GB')} series; the first {mostRows} are shown.
        </p>
      )}
    </div>
  )
}

/** The series of a row in PromQL's own form, its name first. */
function Labels({ row }: { row: Row }) {
  const { __name__: name = '', ...rest } = row.metric
  const labels = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
  if (name === '' && labels.length === 0) return <span className="dim">{'{}'}</span>
  return (
    <>
      <b>{name}</b>
      {labels.length > 0 && '{'}
      {labels.map(([k, v], i) => (
        <span key={k}>
          {i > 0 && ', '}
          <span className="label-name">{k}</span>={JSON.stringify(v)}
        </span>
      ))}
      {labels.length > 0 && '}'}
    </>
  )
}
