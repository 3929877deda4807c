import type { ReactNode } from 'react'
import { api } from '../api/client.ts'
import type { Status } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { count, figure, span } from '../format/number.ts'
import { isSet } from '../format/time.ts'
import { Failure, Loading } from '../parts/messages.tsx'
import { Ago, When } from '../parts/when.tsx'

const whole = (n: number) => n.toLocaleString('en-GB')

export default function StatusPage() {
  const status = useResource('status page', (signal) => api.status(signal), 5000)
  const s = status.data
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Status</h1>
          <p>How Tocsin itself does. The same figures are at <a href="/metrics">/metrics</a>, the API is described in <a href="/api/v1/tocsin/openapi.json">openapi.json</a>.</p>
        </div>
      </div>
      <Failure error={status.error} again={status.reload} />
      {status.loading && <Loading what="the status" />}
      {s && (
        <div className="stack">
          {!s.reload.ok && (
            <div className="notice bad">
              <p>
                The last reload was refused <Ago at={s.reload.at} />; the configuration before it is in force.
              </p>
              {s.reload.error && <pre style={{ margin: 0, whiteSpace: 'pre-wrap' }} className="mono">{s.reload.error}</pre>}
            </div>
          )}
          {(s.warnings ?? []).map((w) => (
            <div className="notice bad" role="status" key={w}>
              <p>{w}</p>
            </div>
          ))}
          <Figures s={s} />
          <Channels s={s} />
          {s.scrape.jobs > 0 && <Targets s={s} />}
          {s.forward.length > 0 && <Forwarding s={s} />}
          <Drops s={s} />
        </div>
      )}
    </>
  )
}

function Figures({ s }: { s: Status }) {
  return (
    <div className="grid-3">
      <Sheet title="Daemon">
        <Fact name="Version" value={s.version} />
        <Fact name="Up for" value={span(s.uptime_seconds * 1000)} />
        <Fact name="Listens on" value={s.listen_address} />
        <Fact name="Configuration" value={s.config_file || 'embedded default'} />
        <Fact name="Loaded" value={s.reload.ok ? <Ago at={s.reload.at} /> : 'refused'} />
        <Fact name="Memory" value={figure(s.runtime.resident_bytes, 'bytes')} />
        <Fact name="Goroutines" value={whole(s.runtime.goroutines)} />
        <Fact name="Go" value={`${s.runtime.go_version}, ${s.runtime.max_procs} CPUs`} />
      </Sheet>
      <Sheet title="Store">
        <Fact name="Series" value={whole(s.store.series)} />
        <Fact name="Samples a second" value={whole(Math.round(s.store.samples_per_second))} />
        <Fact name="Samples since start" value={count(s.store.samples_total)} />
        <Fact name="Oldest" value={<When at={s.store.oldest} seconds={false} />} />
        <Fact name="Newest" value={<Ago at={s.store.newest} />} />
        <Fact name="Kept for" value={span(s.store.retention_seconds * 1000)} />
        <Fact name="On disk" value={figure(s.store.bytes, 'bytes')} />
      </Sheet>
      <Sheet title="Detector and rules">
        <Fact name="Series watched" value={whole(s.detector.watched)} />
        <Fact name="Still learning" value={whole(s.detector.warming)} />
        {s.detector.warm_start && s.detector.warm_start.series > 0 && (
          <Fact name="Warmed from history" value={warmed(s.detector.warm_start)} />
        )}
        <Fact name="Odd now" value={whole(s.detector.open)} />
        <Fact
          name="False alarms, 7 days"
          value={`${whole(s.detector.spent_7d)} charged to ${whole(s.detector.services)} services${s.detector.overspent > 0 ? `, ${whole(s.detector.overspent)} overspent` : ''}`}
        />
        <Fact name="Checkpoint" value={<Ago at={s.detector.checkpoint} />} />
        {s.detector.catching_up && <Fact name="Catching up" value="reads what was stored after the checkpoint" />}
        <Fact name="Rules" value={`${s.rules.alerts} alerting, ${s.rules.recording} recording`} />
        <Fact name="Alerts" value={`${s.rules.firing} firing, ${s.rules.pending} pending, ${s.rules.held} held, ${s.rules.stale_source} with a stale source`} />
        <Fact name="Rules in error" value={s.rules.failing > 0 ? <span className="worse">{s.rules.failing}</span> : '0'} />
        <Fact name="Evaluated" value={<Ago at={s.rules.evaluated} />} />
        {s.gaps.slice(0, 3).map((g) => (
          <Fact key={g.from + g.reason} name="No detection" value={<>{gapReasons[g.reason]}, from <When at={g.from} /> to <When at={g.to} /></>} />
        ))}
      </Sheet>
    </div>
  )
}

const gapReasons = { not_running: 'not running', suspended: 'suspended', not_storing: 'nothing could be stored' }

function warmed(w: { active: boolean; series: number; done: number; failed: number }): string {
  return `${whole(w.done)} of ${whole(w.series)}${w.active ? ', going on' : ''}${w.failed > 0 ? `, ${whole(w.failed)} failed` : ''}`
}

function Sheet({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="sheet">
      <header>
        <h2>{title}</h2>
      </header>
      <dl className="facts-list">{children}</dl>
    </section>
  )
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

function Channels({ s }: { s: Status }) {
  return (
    <section className="sheet">
      <header>
        <h2>Channels</h2>
      </header>
      {s.channels.length === 0 ? (
        <p className="dim">No channel is configured: incidents are seen on these pages only.</p>
      ) : (
        <div className="table-wrap">
          <table className="table stacked">
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col" className="num">Sent</th>
                <th scope="col" className="num">Waiting</th>
                <th scope="col" className="num">Given up</th>
                <th scope="col">Last success</th>
                <th scope="col">Last error</th>
              </tr>
            </thead>
            <tbody>
              {s.channels.map((c) => (
                <tr key={c.name}>
                  <td>{c.name}</td>
                  <td className="num" data-label="Sent">{whole(c.sent)}</td>
                  <td className="num" data-label="Waiting">{whole(c.waiting)}</td>
                  <td data-label="Given up" className={c.failed > 0 ? 'num worse' : 'num'}>{whole(c.failed)}</td>
                  <td data-label="Last success">{isSet(c.last) ? <Ago at={c.last} /> : 'never'}</td>
                  <td data-label="Last error">{c.error ?? <span className="dim">none</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Targets({ s }: { s: Status }) {
  return (
    <section className="sheet">
      <header>
        <h2>Targets</h2>
        <p>
          {whole(s.scrape.jobs)} jobs, {whole(s.scrape.up)} up, {whole(s.scrape.down)} down
          {s.scrape.unknown > 0 && `, ${whole(s.scrape.unknown)} not scraped yet`}
        </p>
      </header>
      {s.scrape.failing.length === 0 ? (
        <p className="dim">Every target answers.</p>
      ) : (
        <div className="table-wrap">
          <table className="table stacked">
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">Target</th>
                <th scope="col">Tried</th>
                <th scope="col">Error</th>
              </tr>
            </thead>
            <tbody>
              {s.scrape.failing.map((f) => (
                <tr key={`${f.job} ${f.url}`}>
                  <td>{f.job}</td>
                  <td data-label="Target">{f.url}</td>
                  <td data-label="Tried"><Ago at={f.scraped} /></td>
                  <td data-label="Error" className="worse">{f.error}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Forwarding({ s }: { s: Status }) {
  return (
    <section className="sheet">
      <header>
        <h2>Forwarding</h2>
      </header>
      <div className="table-wrap">
        <table className="table stacked">
          <thead>
            <tr>
              <th scope="col">Server</th>
              <th scope="col">Sent up to</th>
              <th scope="col" className="num">Waiting</th>
              <th scope="col" className="num">Sent again</th>
              <th scope="col" className="num">Refused</th>
              <th scope="col" className="num">Left out</th>
            </tr>
          </thead>
          <tbody>
            {s.forward.map((f) => (
              <tr key={`${f.name} ${f.url}`}>
                <td>{f.url}</td>
                <td data-label="Sent up to">{isSet(f.sent) ? <Ago at={f.sent} /> : 'nothing yet'}</td>
                <td className="num" data-label="Waiting">{whole(f.pending)}</td>
                <td className="num" data-label="Sent again">{whole(f.retried)}</td>
                <td data-label="Refused" className={f.failed > 0 ? 'num worse' : 'num'}>{whole(f.failed)}</td>
                <td className="num" data-label="Left out">{whole(f.dropped)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Drops({ s }: { s: Status }) {
  return (
    <section className="sheet">
      <header>
        <h2>Refused and lost</h2>
        <p>since the start</p>
      </header>
      {s.drops.length === 0 ? (
        <p className="dim">Nothing.</p>
      ) : (
        <div className="table-wrap">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Where</th>
                <th scope="col">Reason</th>
                <th scope="col" className="num">Count</th>
              </tr>
            </thead>
            <tbody>
              {s.drops.map((d) => (
                <tr key={`${d.where} ${d.reason}`}>
                  <td>{d.where}</td>
                  <td>{d.reason.replaceAll('_', ' ')}</td>
                  <td className="num">{whole(d.count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
