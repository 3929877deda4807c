import { Button, Switch, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { api } from '../api/client.ts'
import type { Topology, TopologyEdge, TopologyNode } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { figure } from '../format/number.ts'
import { Graph, burning } from '../parts/graph.tsx'
import { Failure, Lesson, Loading } from '../parts/messages.tsx'
import { Snippet } from '../parts/snippet.tsx'
import { Ago } from '../parts/when.tsx'

const example = `exporters:
  otlphttp/tocsin:
    endpoint: http://127.0.0.1:9099`

const most = 100

export default function TopologyPage() {
  const [params, setParams] = useSearchParams()
  const service = params.get('service') ?? ''
  const [text, setText] = useState(service)
  const [hosts, setHosts] = useState(false)
  const graph = useResource(`topology ${service}`, (signal) => api.topology({ service, limit: most }, signal), 15_000)
  const t = graph.data
  const drawn = t && visible(t, hosts)
  const around = (name: string) => setParams(name === '' ? {} : { service: name })
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Topology</h1>
          <p>Who calls whom, as traces, metrics of meshes and the configuration tell it. Each service shows its requests, the share that fails, and within what time 95 of 100 are answered.</p>
        </div>
        <form
          className="filters"
          onSubmit={(e) => {
            e.preventDefault()
            around(text.trim())
          }}
        >
          <TextInput data-filter size="sm" placeholder="Service" aria-label="Only what is around this service" value={text} onChange={(e) => setText(e.currentTarget.value)} w={180} />
          {service !== '' && (
            <Button
              variant="default"
              size="sm"
              onClick={() => {
                setText('')
                around('')
              }}
            >
              Show all
            </Button>
          )}
          <Switch label="Hosts" checked={hosts} onChange={(e) => setHosts(e.currentTarget.checked)} mb={8} />
        </form>
      </div>
      <Failure error={graph.error} again={graph.reload} />
      {graph.loading && <Loading what="the graph" />}
      {t && t.edges.length === 0 && (
        <Lesson title={service === '' ? 'Nothing is known of who calls whom' : `Nothing is known of what is around ${service}`}>
          <p>Send traces by OTLP, from the OpenTelemetry Collector for example:</p>
          <Snippet text={example} />
          <p>Metrics of Istio, Linkerd, Envoy, Hubble and of service graphs are read as they come. What nothing shows can be said under <code>topology.calls</code>.</p>
        </Lesson>
      )}
      {drawn && drawn.nodes.length > 0 && (
        <div className="stack">
          <section className="sheet" aria-label="Graph">
            <Graph nodes={drawn.nodes} edges={drawn.edges} centre={service} href={(name) => `/topology?service=${encodeURIComponent(name)}`} />
          </section>
          <Nodes nodes={drawn.nodes} />
          <Edges edges={drawn.edges} />
        </div>
      )}
      {t?.more && <p className="dim">Only the first {most} are shown.</p>}
    </>
  )
}

/** What is drawn: hosts only when asked for, and no node without an edge unless it burns. */
export function visible(t: Topology, hosts: boolean): Pick<Topology, 'nodes' | 'edges'> {
  const edges = t.edges.filter((e) => hosts || e.kind !== 'runs_on')
  const ends = new Set(edges.flatMap((e) => [e.from, e.to]))
  return { edges, nodes: t.nodes.filter((n) => ends.has(n.name) || (n.kind !== 'host' && burning(n))) }
}

function Nodes({ nodes }: { nodes: TopologyNode[] }) {
  return (
    <section className="sheet" aria-labelledby="nodes">
      <header>
        <h2 id="nodes">Services</h2>
      </header>
      <div className="table-wrap">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="num">Requests</th>
              <th scope="col" className="num">Errors</th>
              <th scope="col" className="num">p95</th>
              <th scope="col" className="num" title="Within which 90 of 100 requests are answered, without the time of calls to others">Itself, p90</th>
              <th scope="col">Open incidents</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((n) => (
              <tr key={n.name}>
                <td>
                  {n.name} {n.kind !== 'service' && <span className="chip">{n.kind === 'store' ? 'database or queue' : n.kind}</span>}
                </td>
                <td className="num">{figure(n.requests_per_second, 'per_second')}</td>
                <td className="num">{figure(n.error_ratio, 'ratio')}</td>
                <td className="num">{figure(n.p95_seconds, 'seconds')}</td>
                <td className="num">{figure(n.self_p90_seconds, 'seconds')}</td>
                <td>
                  {n.incidents.map((i) => (
                    <Link key={i.id} href={`/incidents/${i.id}`} style={{ display: 'block' }}>
                      {i.title}
                    </Link>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Edges({ edges }: { edges: TopologyEdge[] }) {
  return (
    <section className="sheet" aria-labelledby="edges">
      <header>
        <h2 id="edges">Calls</h2>
        <p>medians of the last minutes, as the client and as the server sees them</p>
      </header>
      <div className="table-wrap">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col" className="num">Calls</th>
              <th scope="col" className="num">Errors</th>
              <th scope="col" className="num">Client</th>
              <th scope="col" className="num">Server</th>
              <th scope="col" className="num">Between</th>
              <th scope="col">Known by</th>
              <th scope="col">Seen</th>
            </tr>
          </thead>
          <tbody>
            {edges.map((e) => (
              <tr key={`${e.from} ${e.kind} ${e.to}`}>
                <td>{e.from}</td>
                <td>
                  {e.kind === 'calls' ? '' : <span className="dim">{e.kind === 'uses' ? 'uses ' : 'runs on '}</span>}
                  {e.to}
                </td>
                <td className="num">{figure(e.calls_per_second, 'per_second')}</td>
                <td className="num">{figure(e.error_ratio, 'ratio')}</td>
                <td className="num">{figure(e.client_p50_seconds, 'seconds')}</td>
                <td className="num">{figure(e.server_p50_seconds, 'seconds')}</td>
                <td className="num">{figure(e.gap_p50_seconds, 'seconds')}</td>
                <td>{e.sources.join(', ')}</td>
                <td>{e.seen ? <Ago at={e.seen} /> : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
