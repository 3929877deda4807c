import { useMemo, useState } from 'react'
import type uPlot from 'uplot'
import type { PromSeries } from '../api/nouns.ts'
import { useNow } from '../clock.ts'
import { figure } from '../format/number.ts'
import { local, utc } from '../format/time.ts'
import { alignSeries, distinguish } from './band.ts'
import { Canvas } from './canvas.tsx'
import type { Palette } from './palette.ts'

/** Several series of a range query. Beyond six, colours repeat with dashes. */
export default function LinesChart({ series, unit, height = 320 }: { series: PromSeries[]; unit: string; height?: number }) {
  const { t, columns } = useMemo(() => alignSeries(series), [series])
  const names = useMemo(() => distinguish(series), [series])
  const data = useMemo(() => [t, ...columns] as uPlot.AlignedData, [t, columns])
  const [point, setPoint] = useState<number | null>(null)
  const now = useNow()
  const at = point ?? t.length - 1
  const when = t[at] === undefined ? undefined : new Date(t[at] * 1000)
  const lines = (c: Palette): uPlot.Series[] =>
    series.map((_, i) => ({
      label: names[i] ?? '',
      stroke: c.series[i % 6] ?? c.ink,
      width: 1.6,
      points: { show: false },
      ...(i >= 6 && { dash: [4 + 2 * Math.floor(i / 6), 4] }),
    }))
  return (
    <>
      <p className="readout">
        {when && (
          <time dateTime={when.toISOString()} title={utc(when)}>
            {local(when, new Date(now))}
          </time>
        )}
      </p>
      <Canvas data={data} series={lines} unit={unit} height={height} onPoint={setPoint} shape={names.join('|')} label={`Chart of ${series.length} series; the values are in the list below.`} />
      <ul className="legend">
        {names.map((n, i) => (
          <li key={n + i} title={JSON.stringify(series[i]?.metric)}>
            <i style={{ borderColor: `var(--series-${(i % 6) + 1})` }} />
            <span>{n}</span>
            <b>{figure(columns[i]?.[at], unit)}</b>
          </li>
        ))}
      </ul>
    </>
  )
}
