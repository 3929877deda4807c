import { useEffect, useRef } from 'react'
import { Link } from 'wouter'
import type { TopologyEdge, TopologyNode } from '../api/nouns.ts'
import { figure } from '../format/number.ts'
import { layout } from './layout.ts'

const width = 186
const height = 56
const gapX = 74
const gapY = 20
/** From this share of failed calls on an edge is drawn as burning. */
const failing = 0.05

/** The graph of services, who calls left of who is called. The address of a node is made by href. */
export function Graph({ nodes, edges, href, centre }: { nodes: TopologyNode[]; edges: TopologyEdge[]; href: (name: string) => string; centre?: string | undefined }) {
  const places = layout(nodes, edges)
  const spot = (name: string) => {
    const p = places.get(name) ?? { column: 0, row: 0 }
    return { x: p.column * (width + gapX) + 2, y: p.row * (height + gapY) + 2 }
  }
  const columns = Math.max(...[...places.values()].map((p) => p.column), 0) + 1
  const lines = Math.max(...[...places.values()].map((p) => p.row), 0) + 1
  const w = columns * (width + gapX) - gapX + 4
  const h = lines * (height + gapY) - gapY + 4
  const box = useRef<HTMLDivElement>(null)
  const middle = centre === undefined ? undefined : spot(centre).x + width / 2
  useEffect(() => {
    // What is asked about is seen first, whatever has to be scrolled to.
    const e = box.current
    if (e && middle !== undefined) e.scrollLeft = Math.max(0, middle - e.clientWidth / 2)
  }, [middle])
  return (
    <div className="graph" role="group" aria-label="Service graph" ref={box}>
      <svg width={w} height={h} viewBox={`0 0 ${w} ${h}`}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
            <path d="M0 0 8 4 0 8z" fill="context-stroke" />
          </marker>
        </defs>
        {edges.map((e) => (
          <Line key={`${e.from} ${e.kind} ${e.to}`} edge={e} from={spot(e.from)} to={spot(e.to)} />
        ))}
        {nodes.map((n) => (
          <Node key={n.name} node={n} at={spot(n.name)} href={href(n.name)} centre={n.name === centre} />
        ))}
      </svg>
    </div>
  )
}

type Spot = { x: number; y: number }

function Line({ edge: e, from, to }: { edge: TopologyEdge; from: Spot; to: Spot }) {
  const forward = to.x > from.x
  const x1 = from.x + (forward ? width : width / 2)
  const y1 = from.y + (forward ? height / 2 : height)
  const x2 = to.x + (forward ? 0 : width / 2)
  const y2 = to.y + (forward ? height / 2 : height)
  const bend = forward ? Math.max(30, (x2 - x1) / 2) : 0
  const path = forward ? `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` : `M${x1} ${y1}C${x1} ${y1 + 40} ${x2} ${y2 + 40} ${x2} ${y2}`
  return (
    <path className={(e.error_ratio ?? 0) >= failing ? 'edge burn' : 'edge'} data-kind={e.kind} d={path} markerEnd="url(#arrow)" strokeWidth={1 + Math.min(3, Math.log10(1 + (e.calls_per_second ?? 0)))}>
      <title>{edgeText(e)}</title>
    </path>
  )
}

/** An edge in one sentence. */
export function edgeText(e: TopologyEdge): string {
  const verb = { calls: 'calls', uses: 'uses', runs_on: 'runs on' }[e.kind]
  const parts = [`${e.from} ${verb} ${e.to}`]
  if (e.calls_per_second !== null) parts.push(figure(e.calls_per_second, 'per_second'))
  if (e.error_ratio !== null) parts.push(`${figure(e.error_ratio, 'ratio')} fail`)
  if (e.client_p50_seconds !== null) parts.push(`${figure(e.client_p50_seconds, 'seconds')} for the client`)
  if (e.gap_p50_seconds !== null) parts.push(`${figure(e.gap_p50_seconds, 'seconds')} of it between the two`)
  return parts.join(', ')
}

/** What burns at a node: the worst severity of its open incidents. */
export function burning(n: Pick<TopologyNode, 'incidents'>): string | undefined {
  return ['critical', 'warning', 'info'].find((s) => n.incidents.some((i) => i.severity === s))
}

function Node({ node: n, at, href, centre }: { node: TopologyNode; at: Spot; href: string; centre: boolean }) {
  const worst = burning(n)
  const figures = n.kind === 'service' ? [figure(n.requests_per_second, 'per_second'), figure(n.error_ratio, 'ratio'), figure(n.p95_seconds, 'seconds')] : []
  const label = [`${n.kind === 'service' ? '' : n.kind + ' '}${n.name}`]
  if (figures.length > 0) label.push(`${figures[0]} requests, ${figures[1]} fail, p95 ${figures[2]}`)
  if (worst) label.push(`${n.incidents.length} open, ${worst}`)
  return (
    <Link href={href} aria-label={label.join(': ')}>
      <g className="node" data-kind={n.kind} data-severity={worst} data-centre={centre || undefined} transform={`translate(${at.x} ${at.y})`}>
        <title>{[...label, ...n.incidents.map((i) => i.title)].join('\n')}</title>
        <rect width={width} height={height} rx={n.kind === 'store' ? 22 : 5} />
        <text x={width / 2} y={figures.length > 0 ? 23 : 33}>
          {worst === 'critical' ? '\u25B2 ' : worst ? '\u25CF ' : ''}
          {short(n.name)}
        </text>
        {figures.length > 0 && (
          <text className="small" x={width / 2} y={42}>
            {figures.join(' \u00B7 ')}
          </text>
        )}
      </g>
    </Link>
  )
}

/** A name that fits into its box. */
export function short(name: string): string {
  return name.length <= 22 ? name : `${name.slice(0, 12)}\u2026${name.slice(-9)}`
}
