import { Button } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Occurrence } from '../api/nouns.ts'
import { figure, score } from '../format/number.ts'
import { selector } from '../format/text.ts'
import { utc } from '../format/time.ts'
import { normal } from '../format/worst.ts'
import { ConditionMark } from './marks.tsx'
import { Ago } from './when.tsx'

const first = 12

/** All alerts and anomalies that the incident is made of: what is strong first, and of that what burns. */
export function Occurrences({ occurrences, dropped, over = false }: { occurrences: Occurrence[]; dropped: number; over?: boolean }) {
  const [all, setAll] = useState(false)
  const sorted = [...occurrences].sort((a, b) => rank(a) - rank(b) || Date.parse(a.since) - Date.parse(b.since))
  const shown = all ? sorted : sorted.slice(0, first)
  return (
    <section className="sheet o5" aria-labelledby="occurrences">
      <header>
        <h2 id="occurrences">Alerts and anomalies in it</h2>
        <p>{occurrences.length + dropped} in all</p>
      </header>
      <div className="table-wrap">
        <table className="table stacked">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col" className="num">
                Worst
              </th>
              <th scope="col" className="num">
                Now
              </th>
              <th scope="col" className="num">
                Expected
              </th>
              <th scope="col">Standing</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((o) => (
              <tr key={o.key}>
                <td>
                  <strong>{o.query ? <Link href={`/explore?query=${encodeURIComponent(selector(o.query))}`}>{o.name}</Link> : o.name}</strong>{' '}
                  <span className="dim">
                    {o.source}
                    {o.kind ? `, ${o.kind.replace('_', ' ')}` : ''}
                    {o.score !== null && o.condition !== 'cleared' ? `, score ${score(o.score)}` : ''}
                  </span>
                  {o.summary && <div className="soft">{o.summary}</div>}
                  {o.excused && <div className="soft">expected: {o.excused}</div>}
                </td>
                <td className="num" data-label="Worst">
                  {o.worst ? <strong title={`at ${utc(new Date(o.worst.at))}`}>{figure(o.worst.value, o.unit)}</strong> : figure(null)}
                </td>
                <td className="num" data-label="Now">
                  {figure(o.value, o.unit)}
                  {!over && o.source === 'anomaly' && o.condition === 'firing' && (
                    <div className="dim">
                      <Ago at={o.at} />
                    </div>
                  )}
                </td>
                <td className="num" data-label="Expected" title={`ordinary range ${figure(normal(o).lower, o.unit)} to ${figure(normal(o).upper, o.unit)}${o.threshold !== null ? `, limit of the rule ${figure(o.threshold, o.unit)}` : ''}`}>
                  {figure(normal(o).expected, o.unit)}
                </td>
                <td data-label="Standing">
                  <ConditionMark condition={o.condition} over={over} />
                  <div className="dim">
                    began <Ago at={o.since} />
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < occurrences.length && (
        <Button variant="default" size="xs" mt={10} onClick={() => setAll(true)}>
          Show all {occurrences.length}
        </Button>
      )}
      {dropped > 0 && <p className="dim">{dropped} more belong to it and are not kept one by one.</p>}
    </section>
  )
}

function rank(o: Occurrence): number {
  return (o.strong ? 0 : 4) + (o.condition === 'cleared' ? 2 : 0) + (o.source === 'alert' ? 0 : 1)
}
