import { Link } from 'wouter'
import type { Occurrence } from '../api/nouns.ts'
import { figure, score } from '../format/number.ts'
import { ConditionMark } from './marks.tsx'
import { Ago } from './when.tsx'

/** All alerts and anomalies that the incident is made of. */
export function Occurrences({ occurrences, dropped }: { occurrences: Occurrence[]; dropped: number }) {
  return (
    <section className="sheet o5" aria-labelledby="occurrences">
      <header>
        <h2 id="occurrences">Alerts and anomalies in it</h2>
        <p>{occurrences.length + dropped} in all</p>
      </header>
      <div className="table-wrap">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col" className="num">
                Value
              </th>
              <th scope="col" className="num">
                Expected
              </th>
              <th scope="col">Standing</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {occurrences.map((o) => (
              <tr key={o.key}>
                <td>
                  <strong>{o.query ? <Link href={`/explore?query=${encodeURIComponent(o.query)}`}>{o.name}</Link> : o.name}</strong>{' '}
                  <span className="dim">
                    {o.source}
                    {o.kind ? `, ${o.kind.replace('_', ' ')}` : ''}
                    {o.score !== null ? `, score ${score(o.score)}` : ''}
                  </span>
                  {o.summary && <div className="soft">{o.summary}</div>}
                </td>
                <td className="num">{figure(o.value, o.unit)}</td>
                <td className="num" title={`ordinary range ${figure(o.lower, o.unit)} to ${figure(o.upper, o.unit)}`}>
                  {figure(o.expected, o.unit)}
                </td>
                <td>
                  <ConditionMark condition={o.condition} />
                </td>
                <td>
                  <Ago at={o.since} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {dropped > 0 && <p className="dim">{dropped} more belong to it and are not kept one by one.</p>}
    </section>
  )
}
