import { useComputedColorScheme } from '@mantine/core'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { figure } from '../format/number.ts'
import { clock } from '../format/time.ts'
import { type Mark } from './band.ts'
import { drawLimit, drawMarks, labelRoom } from './marks.ts'
import { type Palette, palette } from './palette.ts'

interface Props {
  data: uPlot.AlignedData
  series: (colours: Palette) => uPlot.Series[]
  bands?: (colours: Palette) => uPlot.Band[]
  marks?: Mark[]
  /** The limit of a rule on this series, in its unit. */
  limit?: number | undefined
  unit: string
  height: number
  /** What the picture shows, for those who do not see it. */
  label: string
  /** The index of the point under the cursor; null when it is elsewhere. */
  onPoint?: (i: number | null) => void
  /** Identity of series and bands; a change of it makes a new chart. */
  shape: string
  /** The places of series that are not drawn. */
  hidden?: ReadonlySet<number>
  /** Called with the ends in seconds when a person drags over a part of the time. */
  onZoom?: (from: number, to: number) => void
}

const nothing: ReadonlySet<number> = new Set()

const day = 86_400

function axisTimes(splits: number[]): string[] {
  const spread = (splits.at(-1) ?? 0) - (splits[0] ?? 0)
  return splits.map((s, i) => {
    const t = new Date(s * 1000)
    const date = `${t.getDate()}.${t.getMonth() + 1}.`
    if (spread > 3 * day) return date
    const before = splits[i - 1]
    const newDay = before !== undefined && new Date(before * 1000).getDate() !== t.getDate()
    return newDay ? `${clock(t, false)}\n${date}` : clock(t, s % 60 !== 0)
  })
}

/** Tick labels of the value axis, with as many digits as tell them apart. */
export function axisFigures(splits: number[], unit: string): string[] {
  const round = splits.map((v) => (Math.abs(v) < 1e-12 ? 0 : Number(v.toPrecision(6))))
  const labels = round.map((v) => figure(v, unit))
  return unit === '' && new Set(labels).size < labels.length ? round.map(String) : labels
}

/** Where the value axis begins and ends: a little air, and never below zero for what is not. */
export function valueRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1]
  const air = (max - min || Math.abs(max) || 1) * 0.08
  const low = min >= 0 && min - air < (max - min) * 0.6 ? 0 : min - air
  return [low, max + air]
}

/** A uPlot canvas that follows its data, its width and the colour scheme. */
export function Canvas({ data, series, bands, marks = [], limit, unit, height, label, onPoint, shape, hidden = nothing, onZoom }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const zooms = onZoom !== undefined
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false })
  // The chart outlives renders; it reads what may change through this.
  const latest = useRef({ data, marks, limit, onPoint, series, bands, hidden, onZoom })
  latest.current = { data, marks, limit, onPoint, series, bands, hidden, onZoom }

  useEffect(() => {
    const el = box.current
    if (!el) return
    const colours = palette()
    const room = latest.current.marks.length > 0 ? labelRoom : 8
    const grid = { stroke: colours.line, width: 1 }
    const u = new uPlot(
      {
        width: Math.max(200, el.clientWidth),
        height: height + room,
        padding: [room, 10, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 7, width: 2 }, drag: { x: zooms, y: false, setScale: false } },
        scales: { x: { time: true }, y: { range: (_u, min, max) => valueRange(min, max) } },
        axes: [
          { stroke: colours.soft, grid: { show: false }, ticks: { stroke: colours.strong, size: 5 }, font: '12px system-ui, sans-serif', values: (_u, s) => axisTimes(s), space: 64, size: 34 },
          { stroke: colours.soft, grid, ticks: { show: false }, font: '12px system-ui, sans-serif', values: (_u, s) => axisFigures(s, unit), size: axisSize, gap: 6, space: 34 },
        ],
        series: [{}, ...latest.current.series(colours).map((s, i) => ({ ...s, show: !latest.current.hidden.has(i) }))],
        ...(latest.current.bands && { bands: latest.current.bands(colours) }),
        hooks: {
          draw: [
            (chart) => {
              const { limit: at } = latest.current
              if (at !== undefined) drawLimit(chart, at, `limit ${figure(at, unit)}`, colours)
              drawMarks(chart, latest.current.marks, colours)
            },
          ],
          setSelect: [
            (chart) => {
              if (chart.select.width < 8) return
              const from = chart.posToVal(chart.select.left, 'x')
              const to = chart.posToVal(chart.select.left + chart.select.width, 'x')
              chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              latest.current.onZoom?.(from, to)
            },
          ],
          setCursor: [(chart) => latest.current.onPoint?.(chart.cursor.left !== undefined && chart.cursor.left >= 0 ? (chart.cursor.idx ?? null) : null)],
        },
      },
      latest.current.data,
      el,
    )
    plot.current = u
    const watch = new ResizeObserver(() => {
      if (el.clientWidth > 0 && el.clientWidth !== u.width) u.setSize({ width: el.clientWidth, height: height + room })
    })
    watch.observe(el)
    return () => {
      watch.disconnect()
      u.destroy()
      plot.current = null
    }
  }, [scheme, unit, height, shape, marks.length > 0, zooms])

  useEffect(() => {
    plot.current?.setData(data)
  }, [data, marks])

  useEffect(() => {
    const u = plot.current
    u?.series.forEach((s, i) => {
      if (i > 0 && s.show === hidden.has(i - 1)) u.setSeries(i, { show: !hidden.has(i - 1) })
    })
  }, [hidden])

  const onKey = (e: KeyboardEvent) => {
    const u = plot.current
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[e.key]
    const n = data[0].length
    if (!u || by === undefined || n === 0) return
    e.preventDefault()
    const idx = Math.min(n - 1, Math.max(0, (u.cursor.idx ?? n) + by))
    u.setCursor({ left: u.valToPos(data[0][idx] ?? 0, 'x'), top: 10 })
  }
  return <div ref={box} className="chart" role="img" aria-label={label} tabIndex={0} onKeyDown={onKey} onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })} />
}

function axisSize(u: uPlot, values: string[] | null): number {
  const longest = (values ?? []).reduce((n, v) => Math.max(n, v.length), 4)
  u.ctx.save()
  u.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`
  const width = u.ctx.measureText('0'.repeat(longest)).width / devicePixelRatio
  u.ctx.restore()
  return Math.max(58, Math.ceil(width) + 12) // one width for most, so that charts above each other share their times
}
