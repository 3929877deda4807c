import { type MouseEvent, useMemo, useState } from 'react'
import type uPlot from 'uplot'
import type { PromSeries } from '../api/nouns.ts'
import type { Exemplar } from '../api/prometheus.ts'
import { useNow } from '../clock.ts'
import { figure } from '../format/number.ts'
import { local, utc } from '../format/time.ts'
import { alignSeries, distinguish } from './band.ts'
import { Canvas } from './canvas.tsx'
import { choose } from './legend.ts'
import type { Palette } from './palette.ts'

interface Props {
  series: PromSeries[]
  unit: string
  height?: number
  /** Seconds between points: where there are fewer, the line has a gap. */
  step?: number
  /** Drawn as dots. */
  exemplars?: Exemplar[]
  onZoom?: (from: number, to: number) => void
  /** What is hidden, for these series; whoever keeps it may keep it longer than the chart. */
  off: Hidden | null
  setOff: (off: Hidden) => void
}

/** The places of hidden series in a list of series of the given shape. */
export interface Hidden {
  shape: string
  hidden: ReadonlySet<number>
}

/** Several series of a range query. Beyond six, colours repeat with dashes. */
export default function LinesChart({ series, unit, height = 320, step = 0, exemplars = [], onZoom, off, setOff }: Props) {
  const dots = useMemo(() => dotSeries(exemplars), [exemplars])
  const { t, columns } = useMemo(() => alignSeries(dots ? [...series, dots] : series, step), [series, dots, step])
  const names = useMemo(() => distinguish(series), [series])
  const data = useMemo(() => [t, ...columns] as uPlot.AlignedData, [t, columns])
  const listed = names.join('|')
  const shape = listed + (dots ? ' +' : '')
  const [point, setPoint] = useState<number | null>(null)
  const hidden = off?.shape === listed ? off.hidden : none // other series begin all shown
  const now = useNow()
  const at = point ?? t.length - 1
  const when = t[at] === undefined ? undefined : new Date(t[at] * 1000)
  const near = exemplars.filter((e) => e.timestamp === t[at])
  const lines = (c: Palette): uPlot.Series[] => [
    ...series.map((_, i) => ({
      label: names[i] ?? '',
      stroke: c.series[i % 6] ?? c.ink,
      width: 1.6,
      points: { show: false },
      // The times of exemplars lie between those of the series.
      spanGaps: dots !== null,
      ...(i >= 6 && { dash: [4 + 2 * Math.floor(i / 6), 4] }),
    })),
    ...(dots ? [{ label: 'exemplars', stroke: c.burn, paths: () => null, points: { show: true, size: 6, fill: c.burn } }] : []),
  ]
  const press = (i: number) => (e: MouseEvent) => setOff({ shape: listed, hidden: choose(hidden, i, names.length, e.ctrlKey || e.metaKey) })
  return (
    <>
      <p className="readout">
        {when && (
          <time dateTime={when.toISOString()} title={utc(when)}>
            {local(when, new Date(now))}
          </time>
        )}
        {near.map((e, i) => (
          <span key={i} className="mono">
            {Object.entries(e.labels)
              .map(([k, v]) => `${k}=${v}`)
              .join(' ')}{' '}
            <b>{figure(Number(e.value), unit)}</b>
          </span>
        ))}
      </p>
      <Canvas data={data} series={lines} unit={unit} height={height} onPoint={setPoint} shape={shape} hidden={hidden} {...(onZoom && { onZoom })} label={`Chart of ${series.length} series; the values are in the list below.`} />
      <ul className="legend" aria-label="Series; press one to see it alone, with Ctrl to hide it">
        {names.map((n, i) => (
          <li key={n + i}>
            <button type="button" aria-pressed={!hidden.has(i)} onClick={press(i)} title={JSON.stringify(series[i]?.metric)}>
              <i style={{ borderColor: `var(--series-${(i % 6) + 1})` }} />
              <span>{n}</span>
              <b>{figure(columns[i]?.[at], unit)}</b>
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

const none: ReadonlySet<number> = new Set()

function dotSeries(all: Exemplar[]): PromSeries | null {
  if (all.length === 0) return null
  return { metric: {}, values: all.map((e): [number, string] => [e.timestamp, e.value]).sort(([a], [b]) => a - b) }
}
