import { Link } from 'wouter'
import { type Likeness as Like, type Match, type Stage, learnedApi } from '../api/learned.ts'
import { useResource } from '../api/resource.ts'
import { span } from '../format/number.ts'
import { arrows } from '../format/text.ts'
import { Failure } from './messages.tsx'
import { When } from './when.tsx'

const minute = 60_000

/** How long the incident may last, and which past ones it resembles. */
export function Likeness({ incident }: { incident: string }) {
  const { data, error, reload } = useResource(`similar ${incident}`, (signal) => learnedApi.similar(incident, signal), minute)
  return (
    <>
      {error && (
        <section className="sheet o3">
          <Failure error={error} again={reload} />
        </section>
      )}
      {data && <HowLong estimates={data.estimates} />}
      {data && <Similar like={data} />}
    </>
  )
}

const stages = [
  ['detect', 'Seen', 'from the onset to the opening'],
  ['ack', 'Taken', 'from the opening to an acknowledgement'],
  ['mitigate', 'Mitigated', 'from the onset until what was odd recovered'],
  ['resolve', 'Resolved', 'from the onset to the end'],
] as const

const long = (seconds: number | null) => (seconds === null ? '–' : span(seconds * 1000))

function HowLong({ estimates }: { estimates: Like['estimates'] }) {
  return (
    <section className="sheet o3" aria-labelledby="howlong">
      <header>
        <h2 id="howlong">How long it takes</h2>
        <p>from own past incidents</p>
      </header>
      <div className="table-wrap">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" className="num">
                Half within
              </th>
              <th scope="col" className="num">
                80%
              </th>
              <th scope="col" className="num">
                95%
              </th>
            </tr>
          </thead>
          <tbody>
            {stages.map(([key, name, hint]) => (
              <StageRow key={key} name={name} hint={hint} stage={estimates[key]} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function StageRow({ name, hint, stage: s }: { name: string; hint: string; stage: Stage }) {
  if (s.took_seconds !== null)
    return (
      <tr>
        <td title={hint}>{name}</td>
        <td colSpan={3} className="num">
          took {long(s.took_seconds)}
        </td>
      </tr>
    )
  if (s.p50_seconds === null)
    return (
      <tr>
        <td title={hint}>{name}</td>
        <td colSpan={3} className="dim">
          {s.reason}
        </td>
      </tr>
    )
  return (
    <tr>
      <td title={hint}>
        {name}
        <br />
        <small className="dim">
          {s.based_on} incidents; {long(s.left_p50_seconds)} left, or {long(s.left_p80_seconds)}
        </small>
      </td>
      <td className="num">{long(s.p50_seconds)}</td>
      <td className="num">{long(s.p80_seconds)}</td>
      <td className="num">{long(s.p95_seconds)}</td>
    </tr>
  )
}

function Similar({ like }: { like: Like }) {
  return (
    <section className="sheet o3" aria-labelledby="similar">
      <header>
        <h2 id="similar">Similar incidents</h2>
        <p>what was done is fact, not advice</p>
      </header>
      {like.similar.length === 0 ? (
        <p className="dim">Nothing similar among {like.compared} past incidents.</p>
      ) : (
        <ul className="suspects">
          {like.similar.map((m) => (
            <SimilarRow key={m.record.incident} match={m} />
          ))}
        </ul>
      )}
    </section>
  )
}

function SimilarRow({ match: m }: { match: Match }) {
  const r = m.record
  return (
    <li style={{ padding: '10px 0' }}>
      <p>
        <Link href={`/incidents/${r.incident}`}>{arrows(r.title)}</Link> <strong>{Math.round(100 * m.similarity)}% alike</strong>
      </p>
      <p className="dim">
        <When at={r.opened} seconds={false} />
        {m.level === 'class' && ', by services of the same kind'}
        {r.false_alarm && ', was a false alarm'}
      </p>
      {r.cause && (
        <p>
          {r.confirmed ? 'Confirmed cause' : 'First suspect'}: {arrows(r.cause)}
        </p>
      )}
      {r.ended.map((o, i) => (
        <p key={`${o.at} ${i}`}>
          {arrows(o.text)}{' '}
          <span className="dim">
            {o.actor !== 'tocsin' && `by ${o.actor}, `}
            {o.helped ? 'it recovered after that' : 'it did not recover after that'}
          </span>
        </p>
      ))}
      <p className="dim mono" style={{ fontSize: '0.84rem' }}>
        both: {m.shared.map((s) => s.what).join(' · ')}
      </p>
    </li>
  )
}
