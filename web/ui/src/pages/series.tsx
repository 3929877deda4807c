import { Button, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { api } from '../api/client.ts'
import type { By, Cardinality, CardinalityRow, SeriesJump } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { count, figure, span } from '../format/number.ts'
import { arrows } from '../format/text.ts'
import { Hours } from '../parts/hours.tsx'
import { Failure, Loading } from '../parts/messages.tsx'
import { Snippet } from '../parts/snippet.tsx'
import { Ago, When } from '../parts/when.tsx'

const page = 20

const views: { value: By; label: string; head: string }[] = [
  { value: 'metric', label: 'Metric', head: 'Metric' },
  { value: 'label', label: 'Label', head: 'Label' },
  { value: 'pair', label: 'Value', head: 'Label and value' },
  { value: 'service', label: 'Service', head: 'Service' },
  { value: 'change', label: 'Change', head: 'Service' },
]

const whole = (n: number) => n.toLocaleString('en-GB')

const usual = (n: number | null) => (n === null || n < 1 ? 'hardly any' : count(Math.round(n)))

export default function Series() {
  const [search, setSearch] = useSearchParams()
  const by = views.find((v) => v.value === search.get('by'))?.value ?? 'metric'
  const [limit, setLimit] = useState(page)
  const list = useResource(`series ${by} ${limit}`, (signal) => api.cardinality(by, limit, signal), 30_000)
  const d = list.data?.by === by ? list.data : undefined
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Series</h1>
          <p>Where series come from, what grew within a day, and which change was before it. Each costs memory here and wherever else it is kept.</p>
        </div>
        <div className="filters">
          <SegmentedControl
            size="sm"
            aria-label="Rows by"
            value={by}
            onChange={(v) => {
              setLimit(page)
              setSearch(v === 'metric' ? {} : { by: v })
            }}
            data={views.map(({ value, label }) => ({ value, label }))}
          />
        </div>
      </div>
      <Failure error={list.error} again={list.reload} />
      {!d && !list.error && <Loading what="the series" />}
      {d && (
        <div className="stack">
          <Total d={d} />
          <section className="sheet">
            {d.rows.length === 0 ? <Nothing d={d} /> : <Rows d={d} />}
            {d.more && (
              <Button variant="default" size="sm" mt={14} onClick={() => setLimit(Math.min(500, limit * 2))}>
                Show more
              </Button>
            )}
          </section>
        </div>
      )}
    </>
  )
}

function Total({ d }: { d: Cardinality }) {
  const share = Math.min(1, d.series / d.most)
  return (
    <section className="sheet totals">
      <dl>
        <dt>In memory</dt>
        <dd>
          <b>{whole(d.series)}</b> of at most {whole(d.most)}
          <span className="bar" aria-hidden="true">
            <i style={{ width: `${100 * share}%` }} />
          </span>
        </dd>
      </dl>
      <dl>
        <dt>Their memory, about</dt>
        <dd>
          <b>{figure(d.series * d.bytes_per_series, 'bytes')}</b>
          <small>{figure(d.bytes_per_series, 'bytes')} each; {whole(d.stale)} have ended</small>
        </dd>
      </dl>
      <dl>
        <dt>Made and let go in 24 hours</dt>
        <dd className="pair">
          <span>
            <b>{whole(d.made_24h)}</b> and {whole(d.gone_24h)}
            <small>counted since <Ago at={d.since} />; let go some hours after the last sample</small>
          </span>
          <Hours made={d.made} gone={d.gone} label="All series" />
        </dd>
      </dl>
    </section>
  )
}

function Nothing({ d }: { d: Cardinality }) {
  if (d.by !== 'change') return <p className="dim">There are no series yet.</p>
  return (
    <p className="dim">
      No service made far more series in an hour than in those of the day before, within the last week or since counting began <Ago at={d.since} />.
    </p>
  )
}

function Rows({ d }: { d: Cardinality }) {
  const [open, setOpen] = useState<string | null>(null)
  const view = views.find((v) => v.value === d.by)
  const columns = d.by === 'change' ? 5 : d.by === 'label' || d.by === 'pair' ? 6 : 7
  return (
    <div className="table-wrap">
      <table className="table stacked series">
        <thead>
          <tr>
            <th scope="col">{view?.head}</th>
            {d.by === 'change' ? (
              <>
                <th scope="col">Began</th>
                <th scope="col" className="num">New series</th>
                <th scope="col">Mostly</th>
                <th scope="col">Change before</th>
              </>
            ) : (
              <>
                <th scope="col" className="num">{d.by === 'label' ? 'Values' : 'Series'}</th>
                {d.by !== 'label' && <th scope="col" className="num">Memory</th>}
                <th scope="col" className="num">Made 1 h</th>
                <th scope="col" className="num">24 h</th>
                <th scope="col">By the hour</th>
                {d.by !== 'pair' && <th scope="col">Why</th>}
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {d.rows.map((r) => {
            const id = `${r.name} ${r.value ?? ''} ${r.jump && d.by === 'change' ? r.jump.from : ''}`
            return <Row key={id} by={d.by} row={r} columns={columns} open={open === id} toggle={() => setOpen(open === id ? null : id)} />
          })}
        </tbody>
      </table>
    </div>
  )
}

function Row({ by, row: r, columns, open, toggle }: { by: By; row: CardinalityRow; columns: number; open: boolean; toggle: () => void }) {
  const more = (r.advice?.length ?? 0) > 0 || (r.labels?.length ?? 0) > 0 || r.jump !== undefined
  const name = r.name === '' ? <i className="dim">no service</i> : <span className={by === 'service' || by === 'change' ? '' : 'mono'}>{r.name}{r.value !== undefined && `="${r.value}"`}</span>
  return (
    <>
      <tr>
        <td className="name">
          {more ? (
            <button type="button" className="opener" data-row aria-expanded={open} onClick={toggle}>
              {name}
            </button>
          ) : (
            name
          )}
        </td>
        {by === 'change' ? <JumpCells row={r} /> : <GrowthCells by={by} row={r} />}
      </tr>
      {open && (
        <tr className="detail">
          <td colSpan={columns}>
            <Detail by={by} row={r} />
          </td>
        </tr>
      )}
    </>
  )
}

function JumpCells({ row: r }: { row: CardinalityRow }) {
  const top = r.metrics?.[0]
  return (
    <>
      <td data-label="Began">{r.jump && <When at={r.jump.from} seconds={false} />}</td>
      <td className="num" data-label="New series">
        <span className="worse">{whole(r.series)}</span>
        {r.jump && <small> usually {usual(r.jump.usual)}</small>}
      </td>
      <td data-label="Mostly">
        {top && <span className="mono">{top.metric}</span>} <CulpritChip row={r} />
      </td>
      <td data-label="Change before">{r.jump && <Cause jump={r.jump} />}</td>
    </>
  )
}

function GrowthCells({ by, row: r }: { by: By; row: CardinalityRow }) {
  return (
    <>
      <td className="num" data-label={by === 'label' ? 'Values' : 'Series'}>{whole(by === 'label' ? r.values : r.series)}</td>
      {by !== 'label' && <td className="num" data-label="Memory">{figure(r.bytes, 'bytes')}</td>}
      <td className="num" data-label="Made 1 h">{whole(r.made_1h)}</td>
      <td className="num" data-label="24 h" title={r.error > 0 ? `up to ${whole(r.error)} more may have been made before this was counted by itself` : undefined}>
        {whole(r.made_24h)}
        {r.error > 0 && '+'}
      </td>
      <td data-label="By the hour">
        <Hours made={r.made} gone={r.gone} label={r.name || 'no service'} />
      </td>
      {by !== 'pair' && (
        <td data-label="Why">
          <CulpritChip row={r} /> {r.jump && <Cause jump={r.jump} />}
        </td>
      )}
    </>
  )
}

/** Of how many series of a metric the values of labels are counted, at most. */
const lookedAt = 10_000

/** The label that makes series many. */
function CulpritChip({ row: r }: { row: CardinalityRow }) {
  if (!r.label && !r.new_label) return null
  const values = r.labels?.find((l) => l.name === r.label)?.values
  return (
    <span className={r.new_label ? 'chip burn' : 'chip'}>
      {r.label}
      {values !== undefined && ` ${count(values)}${r.series > lookedAt ? '+' : ''} values`}
      {r.new_label && (r.label ? ', new' : 'new')}
    </span>
  )
}

function Cause({ jump: j }: { jump: SeriesJump }) {
  if (!j.change) return <span className="dim">no change was recorded before it</span>
  const versions = [j.change.version_from, j.change.version_to].filter(Boolean).join(' → ')
  return (
    <span>
      after {j.change.kind} <strong>{j.change.service}</strong> {versions && <span className="mono nowrap">{versions}</span>}
      {!j.own && <span className="dim"> (another service)</span>}
    </span>
  )
}

function Detail({ by, row: r }: { by: By; row: CardinalityRow }) {
  return (
    <div className="stack">
      {r.jump && <Story jump={r.jump} />}
      {r.metrics && r.metrics.length > 1 && (
        <p>
          Most of them: {r.metrics.map((m) => `${m.metric} ${whole(m.series)}`).join(', ')}.
        </p>
      )}
      {r.labels && r.labels.length > 0 && (
        <p>
          Values of its labels: {r.labels.map((l) => `${l.name} ${whole(l.values)}`).join(', ')}
          <span className="dim"> among up to ten thousand of its series.</span>
          {by === 'metric' && <> <Link href={`/explore?query=${encodeURIComponent(r.name)}`}>Explore</Link></>}
        </p>
      )}
      {r.advice && r.advice.length > 0 && (
        <div className="advice">
          <h2>What to do</h2>
          <ol>
            {r.advice.map((a) => (
              <li key={a.text}>
                <p>{a.text}</p>
                {a.snippet && <Snippet text={a.snippet} />}
              </li>
            ))}
          </ol>
        </div>
      )}
    </div>
  )
}

function Story({ jump: j }: { jump: SeriesJump }) {
  const c = j.change
  return (
    <p>
      <When at={j.from} seconds={false} />: {whole(j.series)} new series of {j.service || 'no service'} in {span(Date.parse(j.to) - Date.parse(j.from))}, where {usual(j.usual)} are usual.{' '}
      {c ? (
        <>
          <When at={c.started} seconds={false} /> there was the {c.kind} of {c.service}
          {c.author && ` by ${c.author}`}
          {c.summary && `: ${arrows(c.summary)}`}. <Link href="/changes">Changes</Link>
        </>
      ) : (
        'No change was recorded in the half hour before.'
      )}
    </p>
  )
}
