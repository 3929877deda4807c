import type { LogBar } from '../api/logs.ts'
import { count } from '../format/number.ts'
import { local } from '../format/time.ts'
import { levels } from './query.ts'

const width = 10
const height = 80

/** How many lines of each level there are over a time, as stacked bars; the levels under it filter. */
export function Histogram({ bars, pick, zoom }: { bars: LogBar[]; pick: (level: string) => void; zoom: (start: number, end: number) => void }) {
  const totals = new Map<string, number>()
  const sums = bars.map((b) => Object.values(b.levels).reduce((a, n) => a + n, 0))
  for (const b of bars) for (const [level, n] of Object.entries(b.levels)) totals.set(level, (totals.get(level) ?? 0) + n)
  const most = Math.max(1, ...sums)
  const all = sums.reduce((a, n) => a + n, 0)
  const first = Date.parse(bars[0]?.time ?? '')
  const step = bars.length > 1 ? Date.parse(bars[1]?.time ?? '') - first : 0
  if (all === 0) return null
  const now = new Date()
  const at = (i: number) => local(new Date(first + i * step), now)
  return (
    <figure className="log-bars">
      <svg
        viewBox={`0 0 ${bars.length * width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${all.toLocaleString('en-GB')} lines from ${at(0)} to ${at(bars.length)}, at most ${most.toLocaleString('en-GB')} in one piece; ${[...totals].map(([l, n]) => `${n.toLocaleString('en-GB')} ${l}`).join(', ')}`}
      >
        {bars.map((b, i) => {
          let y = height
          return (
            <g key={b.time} onClick={step > 0 ? () => zoom((first + i * step) / 1000, (first + (i + 1) * step) / 1000) : undefined}>
              <title>{`${at(i)}: ${levels.filter((l) => b.levels[l]).map((l) => `${b.levels[l]?.toLocaleString('en-GB')} ${l}`).join(', ') || 'no lines'}`}</title>
              <rect className="space" x={i * width} width={width} y={0} height={height} />
              {levels.toReversed().map((l) => {
                const n = b.levels[l] ?? 0
                if (n === 0) return null
                const h = Math.max(1, (n / most) * (height - 2))
                y -= h
                return <rect key={l} data-level={l} x={i * width + 1} width={width - 2} y={y} height={h} />
              })}
            </g>
          )
        })}
      </svg>
      <figcaption>
        <span>{at(0)}</span>
        <span>{at(bars.length)}</span>
      </figcaption>
      <ul className="log-levels" aria-label="Levels">
        {levels
          .filter((l) => totals.has(l))
          .map((l) => (
            <li key={l}>
              <button type="button" title={`Only ${l}`} onClick={() => pick(l)}>
                <i data-level={l} aria-hidden="true" />
                {l} <b>{count(totals.get(l))}</b>
              </button>
            </li>
          ))}
      </ul>
    </figure>
  )
}
