import { Link } from 'wouter'
import { api } from '../api/client.ts'
import { useResource } from '../api/resource.ts'
import { Graph } from './graph.tsx'

const most = 12

/** What calls a service, what it calls, and what of that burns. Nothing while nothing is known. */
export function Neighbourhood({ service }: { service: string }) {
  const graph = useResource(`topology ${service}`, (signal) => api.topology({ service, limit: most }, signal), 30_000)
  const t = graph.data
  const edges = (t?.edges ?? []).filter((e) => e.kind !== 'runs_on')
  if (!t || edges.length === 0) return null
  const shown = new Set(edges.flatMap((e) => [e.from, e.to]))
  return (
    <section className="sheet" aria-labelledby="neighbourhood">
      <header>
        <h2 id="neighbourhood">Around it</h2>
        <p>
          <Link href={`/topology?service=${encodeURIComponent(service)}`}>The whole graph</Link>
        </p>
      </header>
      <Graph nodes={t.nodes.filter((n) => shown.has(n.name))} edges={edges} centre={service} href={(name) => `/topology?service=${encodeURIComponent(name)}`} />
    </section>
  )
}
