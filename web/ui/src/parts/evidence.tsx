import type { Ranking } from '../api/nouns.ts'
import { figure } from '../format/number.ts'

/** A shift is called worse from this many robust deviations. */
const worse = 3

/** Signals of the suspect's service before and after the onset. */
export function EvidenceTable({ ranking }: { ranking: Ranking | null }) {
  const found = ranking?.findings.find((f) => f.evidence && f.evidence.length > 0)
  if (!found?.evidence) return null
  return (
    <section className="sheet o4" aria-labelledby="evidence">
      <header>
        <h2 id="evidence">Before and after</h2>
        <p>the median before the onset, and how bad it was since; deviations are robust, plus is worse</p>
      </header>
      <div className="table-wrap">
        <table className="table stacked">
          <thead>
            <tr>
              <th scope="col">Signal</th>
              <th scope="col" className="num">
                Before
              </th>
              <th scope="col" className="num">
                After
              </th>
              <th scope="col" className="num">
                Deviations
              </th>
            </tr>
          </thead>
          <tbody>
            {found.evidence.map((e) => (
              <tr key={e.signal + (e.query ?? '')}>
                <td>{e.signal}</td>
                <td className="num" data-label="Before">{figure(e.before, e.unit)}</td>
                <td className="num" data-label="After">{figure(e.after, e.unit)}</td>
                <td className={e.z !== null && e.z >= worse ? 'num worse' : 'num'} data-label="Deviations">{e.z === null ? '–' : (e.z < 0 ? '\u2212' : '+') + Math.abs(e.z).toFixed(1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
