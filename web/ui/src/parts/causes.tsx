import { Link } from 'wouter'
import type { Analysis, Cause, Evidence } from '../api/nouns.ts'
import { figure, probability, span } from '../format/number.ts'
import { arrows } from '../format/text.ts'
import { isSet } from '../format/time.ts'
import { Ago } from './when.tsx'

/** Why the incident came about, as far as evidence says; nothing without an analysis. */
export function Causes({ analysis: a }: { analysis: Analysis | null | undefined }) {
  if (!a) return null
  const others = a.contributing_factors ?? []
  const affected = a.affected_services ?? []
  const fixes = a.suggested_fixes ?? []
  const measures = a.prevention_measures ?? []
  const against = a.against ?? []
  return (
    <section className="sheet causes" aria-labelledby="causes">
      <header>
        <h2 id="causes">Why it came about</h2>
        {a.primary_cause && <Confidence cause={a.primary_cause} />}
      </header>
      {a.primary_cause ? <Primary cause={a.primary_cause} /> : <p className="cause-title">Unexplained{a.unexplained && `: ${a.unexplained}`}.</p>}
      <List title="What argues against it" rows={against.map((x) => <Based key={x.text} basis={x.basis} text={x.text} />)} />
      <List title="What may have contributed" rows={others.map((c) => <li key={`${c.service} ${c.kind}`}>{arrows(c.title)} <span className="dim">({probability(c.probability)}, {c.confidence})</span></li>)} />
      <List
        title="Services affected"
        rows={affected.map((s) => (
          <li key={s.service}>
            <Service name={s.service} /> {s.path && s.path.length > 2 && <span className="dim">by way of {s.path.slice(1, -1).join(', ')}</span>}
          </li>
        ))}
      />
      <List
        title="What may end it"
        rows={fixes.map((f) => (
          <li key={`${f.source} ${f.ref ?? f.title}`}>
            {f.title} <span className="dim">({f.source}{f.tried > 0 && `, helped ${f.helped} of ${f.tried} times`})</span>
          </li>
        ))}
      />
      <Estimate analysis={a} />
      <List title="What would have kept it away" rows={measures.map((m) => <Based key={m.title} basis={m.basis} text={`${m.title}: ${m.reason}`} />)} />
    </section>
  )
}

function Confidence({ cause: c }: { cause: Cause }) {
  return (
    <p>
      <span className={`chip ${c.confidence === 'high' ? 'calm' : c.confidence === 'low' ? 'warn' : ''}`}>{c.confidence} confidence</span> {probability(c.probability)}
    </p>
  )
}

function Primary({ cause: c }: { cause: Cause }) {
  const evidence = c.evidence ?? []
  return (
    <>
      <p className="cause-title">
        <strong>{arrows(c.title)}</strong>
        {c.change && <> after {arrows(titleOf(c))}</>}
        {isSet(c.onset) && (
          <span className="dim">
            , since <Ago at={c.onset} />
          </span>
        )}
      </p>
      {c.path && c.path.length > 1 && (
        <p className="soft cause-path">
          {c.path.map((name, i) => (
            <span key={name}>
              {i > 0 && ' \u2192 '}
              <Service name={name} />
            </span>
          ))}
        </p>
      )}
      <ul className="cause-lines" aria-label="Evidence">
        {evidence.map((e) => (
          <Based key={`${e.service ?? ''} ${e.signal} ${e.text ?? ''}`} basis={e.basis ?? 'observed'} text={evidenceText(e)} />
        ))}
      </ul>
    </>
  )
}

function titleOf(c: Cause): string {
  const change = c.change
  if (!change) return ''
  const versions = change.version_to ? ` ${change.version_from ? `${change.version_from} -> ` : ''}${change.version_to}` : ''
  return `${change.kind} ${change.service}${versions}`
}

/** What a piece of evidence shows, on one line. */
export function evidenceText(e: Evidence): string {
  if (e.text) return e.text
  const what = e.service ? `${e.signal} of ${e.service}` : e.signal
  return e.before === null || e.after === null ? what : `${what} went from ${figure(e.before, e.unit)} to ${figure(e.after, e.unit)}`
}

function Based({ basis, text }: { basis: string; text: string }) {
  return (
    <li>
      <span className="chip">{basis}</span> {text}
    </li>
  )
}

function List({ title, rows }: { title: string; rows: React.ReactNode[] }) {
  if (rows.length === 0) return null
  return (
    <>
      <h3>{title}</h3>
      <ul className="cause-lines">{rows}</ul>
    </>
  )
}

function Service({ name }: { name: string }) {
  return <Link href={`/topology?service=${encodeURIComponent(name)}`}>{name}</Link>
}

/** How long such incidents last, or why that is not known. */
function Estimate({ analysis: a }: { analysis: Analysis }) {
  const e = a.estimated_time_to_resolve
  if (!e) return null
  const within = (s: number) => span(s * 1000)
  return (
    <>
      <h3>How long it will take</h3>
      {e.p50_seconds === null ? (
        <p className="soft">Not known{e.reason && `: ${e.reason}`}.</p>
      ) : (
        <p className="soft">
          Half of such incidents were over within {within(e.p50_seconds)}
          {e.p80_seconds !== null && `, 80 of 100 within ${within(e.p80_seconds)}`}
          {e.p95_seconds !== null && `, 95 within ${within(e.p95_seconds)}`}; from {e.based_on} incidents.
        </p>
      )}
    </>
  )
}
