import { useId, useState } from 'react'
import type { Finding, Ranking } from '../api/nouns.ts'
import { points, probability } from '../format/number.ts'
import { arrows } from '../format/text.ts'
import { OutLink } from './marks.tsx'
import { Ago, When } from './when.tsx'

/** The ranking of causes. Each row opens to show what its figure is made of. */
export function Suspects({ ranking }: { ranking: Ranking | null }) {
  return (
    <section className="sheet o2" aria-labelledby="suspects">
      <header>
        <h2 id="suspects">What may have caused it</h2>
        {ranking && (
          <p>
            ranked <Ago at={ranking.at} />
          </p>
        )}
      </header>
      {!ranking || ranking.findings.length === 0 ? (
        <p className="dim">Not ranked yet. The first ranking follows within seconds of the opening.</p>
      ) : (
        <ul className="suspects">
          {ranking.findings.map((f, i) => (
            <Suspect key={f.change?.id ?? 'none'} finding={f} opened={i === 0} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Suspect({ finding: f, opened }: { finding: Finding; opened: boolean }) {
  const [open, setOpen] = useState(opened)
  const id = useId()
  const c = f.change
  return (
    <li className={c ? 'suspect' : 'suspect none'}>
      <button type="button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <span className="name">
          <strong>{c ? arrows(f.title) : 'No recent change fits'}</strong>
          <strong>{probability(f.probability)}</strong>
        </span>
        <span className="bar" aria-hidden="true">
          <i style={{ width: `${Math.max(1, f.probability * 100)}%` }} />
        </span>
        <span className="sub">
          <span>
            {c ? (
              <>
                <When at={c.started} /> {c.author && <>by {c.author}</>}
              </>
            ) : (
              'load, data, a dependency, or a change that was not told'
            )}
          </span>
          <span className="nowrap">{open ? 'hide' : 'why'}</span>
        </span>
      </button>
      <div id={id} hidden={!open}>
        <table className="terms">
          <caption hidden>What the probability of {f.title} is made of</caption>
          <tbody>
            {f.terms.map((t) => (
              <tr key={t.name}>
                <th scope="row">{t.name}</th>
                <td>{t.text}</td>
                <td className="num">{points(t.points)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">sum</th>
              <td className="dim">log odds</td>
              <td className="num">{points(f.log_odds)}</td>
            </tr>
          </tfoot>
        </table>
        {c?.summary && <p className="soft" style={{ marginBottom: 10 }}>{c.summary}</p>}
        <p style={{ marginBottom: c?.link ? 12 : 0 }}>
          <OutLink href={c?.link}>Open the change</OutLink>
        </p>
      </div>
    </li>
  )
}
