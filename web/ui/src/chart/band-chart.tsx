import { useMemo, useState } from 'react'
import type uPlot from 'uplot'
import type { Band } from '../api/nouns.ts'
import { useNow } from '../clock.ts'
import { figure, score } from '../format/number.ts'
import { local, utc } from '../format/time.ts'
import { type BandColumns, type Mark, bandColumns } from './band.ts'
import { Canvas } from './canvas.tsx'
import type { Palette } from './palette.ts'

interface Props {
  title: string
  /** The selector behind it. */
  query?: string
  band: Band
  step: number // seconds
  unit: string
  marks: Mark[]
  /** The limit of a rule on this series, in its unit. */
  limit?: number | undefined
  height?: number
  /** See Canvas. */
  onZoom?: (from: number, to: number) => void
}

function lines(c: Palette): uPlot.Series[] {
  return [
    { label: 'upper', stroke: c.bandLine, width: 0.5, points: { show: false } },
    { label: 'lower', stroke: c.bandLine, width: 0.5, points: { show: false } },
    { label: 'expected', stroke: c.bandLine, width: 1.4, dash: [6, 4], points: { show: false } },
    { label: 'value', stroke: c.ink, width: 1.7, points: { show: false } },
    { label: 'outside', stroke: c.burn, width: 2.2, points: { show: false } },
  ]
}

const shade = (c: Palette): uPlot.Band[] => [{ series: [1, 2], fill: c.band }]

/** The drawn band: the value, what was expected, where it left the band, and what happened when. */
export default function BandChart({ title, query, band, step, unit, marks, limit, height = 210, onZoom }: Props) {
  const columns = useMemo(() => bandColumns(band, step), [band, step])
  const data = useMemo(() => [columns.t, columns.upper, columns.lower, columns.expected, columns.value, columns.outside] as uPlot.AlignedData, [columns])
  const [point, setPoint] = useState<number | null>(null)
  const last = columns.value.findLastIndex((v) => v !== null)
  return (
    <>
      <div className="chart-head">
        <h3>
          {title}
          {query && <span className="mono">{query}</span>}
        </h3>
        <Readout columns={columns} at={point ?? last} unit={unit} />
      </div>
      <Canvas data={data} series={lines} bands={shade} marks={marks} limit={limit} unit={unit} height={height} onPoint={setPoint} {...(onZoom && { onZoom })} label={inWords(title, columns, last, unit)} shape="band" />
    </>
  )
}

/** The key of a band chart; one is enough for several charts. */
export function BandKey() {
  return (
    <p className="key">
      <span>
        <i style={{ borderColor: 'var(--ink)' }} />
        value
      </span>
      <span>
        <i style={{ borderColor: 'var(--burn)' }} />
        outside the band
      </span>
      <span>
        <i className="dash" />
        expected
      </span>
      <span>
        <i className="area" />
        ordinary range
      </span>
    </p>
  )
}

function Readout({ columns: c, at, unit }: { columns: BandColumns; at: number; unit: string }) {
  const now = useNow()
  const t = c.t[at]
  if (t === undefined) return <p className="readout">no samples in this time</p>
  const when = new Date(t * 1000)
  const out = c.outside[at] != null
  return (
    <p className="readout">
      <time dateTime={when.toISOString()} title={utc(when)}>
        {local(when, new Date(now))}
      </time>
      <span className={out ? 'out' : ''}>
        <b>{figure(c.value[at], unit)}</b>
      </span>
      <span>expected {figure(c.expected[at], unit)}</span>
      <span>
        range {figure(c.lower[at], unit)} to {figure(c.upper[at], unit)}
      </span>
      {c.score[at] != null && <span>score {score(c.score[at])}</span>}
    </p>
  )
}

function inWords(title: string, c: BandColumns, last: number, unit: string): string {
  if (last < 0) return `Chart of ${title}: no samples in this time`
  return `Chart of ${title}: last ${figure(c.value[last], unit)}, expected ${figure(c.expected[last], unit)}, ordinary range ${figure(c.lower[last], unit)} to ${figure(c.upper[last], unit)}. Arrow keys move along it.`
}
