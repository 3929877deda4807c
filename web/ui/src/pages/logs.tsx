import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { ApiError, api } from '../api/client.ts'
import { logHistogram, logLines } from '../api/logs.ts'
import { useResource } from '../api/resource.ts'
import { TimeBar } from '../explore/time.tsx'
import { Histogram } from '../logs/histogram.tsx'
import { Lines } from '../logs/lines.tsx'
import { Live } from '../logs/live.tsx'
import { type LogView, type Show, logAddress, narrow, parseLogView, place } from '../logs/query.ts'
import { Templates } from '../logs/templates.tsx'
import { Failure, Lesson, Loading } from '../parts/messages.tsx'
import { Ago } from '../parts/when.tsx'

const page = 100
const most = 1000
const refresh = 15_000

export default function Logs() {
  const [params] = useSearchParams()
  const [, navigate] = useLocation()
  const view = parseLogView(params)
  const [round, setRound] = useState(0)
  const change = (v: Partial<LogView>) => navigate(logAddress({ ...view, ...v }))
  const span = () => {
    const end = view.end ?? Date.now() / 1000
    return { start: end - view.range, end }
  }
  const every = view.end === null ? refresh : 0
  const key = `${view.query} ${view.range} ${view.end} ${round}`
  const live = view.show === 'live'
  // A tail has no bars and cannot say what is wrong with its query, so that is asked before.
  const check = (signal: AbortSignal) => logLines(view.query, { start: span().end - 1, end: span().end }, 1, signal).then(() => [])
  const bars = useResource(`log bars ${key} ${live}`, (signal) => (live ? check(signal) : logHistogram(view.query, span(), signal)), live ? 0 : every)
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Logs</h1>
          <p>Lines of all services by LogQL, the newest first. A trace, a service or an attribute of a line narrows the query.</p>
        </div>
        <SegmentedControl
          aria-label="Shown"
          size="sm"
          value={view.show}
          onChange={(v) => change({ show: v as Show })}
          data={[
            { value: 'lines', label: 'Lines' },
            { value: 'templates', label: 'Templates' },
            { value: 'live', label: 'Live' },
          ]}
        />
      </div>
      {!live && <TimeBar view={{ ...view, step: null }} change={({ range, end }) => change({ ...(range !== undefined && { range }), ...(end !== undefined && { end }) })} resolution={false} />}
      <QueryBox
        key={view.query}
        query={view.query}
        error={bars.error}
        run={(query) => {
          if (query === view.query) setRound((n) => n + 1)
          else change({ query })
        }}
      />
      {!placeOf(bars.error) && <Failure error={bars.error} again={bars.reload} />}
      {bars.data && bars.data.length > 0 && (
        <Histogram bars={bars.data} pick={(level) => change({ show: 'lines', query: narrow(view.query, 'detected_level', level) })} zoom={(start, end) => change({ range: Math.max(1, Math.round(end - start)), end: Math.round(end) })} />
      )}
      {!bars.error && view.show === 'lines' && <Found key={key} view={view} span={span} every={every} />}
      {!bars.error && view.show === 'templates' && <Templates view={view} span={span} every={every} round={round} />}
      {live && bars.data && <Live view={view} />}
    </>
  )
}

const placeOf = (e: ApiError | undefined) => (e ? place(e.message) : null)

/** Where a query is written; what is wrong in it is shown at its place. */
function QueryBox({ query, error, run }: { query: string; error: ApiError | undefined; run: (query: string) => void }) {
  const [text, setText] = useState(query)
  const wrong = placeOf(error)
  return (
    <form
      className="explore-form log-form"
      onSubmit={(e) => {
        e.preventDefault()
        run(text.trim())
      }}
    >
      <div>
        <TextInput
          data-filter
          className="log-query"
          aria-label="LogQL"
          placeholder={'{service_name="checkout"} |= "timeout" | detected_level="error"'}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          error={wrong && <Wrong query={query} {...wrong} />}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
        />
      </div>
      <Button type="submit">Run</Button>
    </form>
  )
}

/** A query with the word at which it is wrong, and why. */
function Wrong({ query, column, why }: { query: string; column: number; why: string }) {
  // Columns count characters, of which some are two places in a text.
  const all = [...query]
  const rest = all.slice(column - 1).join('')
  const word = /^(?:\w+|\S?)/.exec(rest)?.[0] ?? ''
  return (
    <span className="log-wrong" role="alert">
      <span className="mono">
        {all.slice(0, column - 1).join('')}
        <mark>{word || '\u00a0'}</mark>
        {rest.slice(word.length)}
      </span>
      At column {column}: {why}
    </span>
  )
}

function Found({ view, span, every }: { view: LogView; span: () => { start: number; end: number }; every: number }) {
  const [limit, setLimit] = useState(page)
  const list = useResource(`log lines ${limit}`, (signal) => logLines(view.query, span(), limit, signal), every)
  // A longer list is on its way: the shorter one stays.
  const [shown, setShown] = useState(list.data)
  useEffect(() => {
    if (list.data) setShown(list.data)
  }, [list.data])
  const lines = list.data ?? shown
  return (
    <>
      <Failure error={list.error} again={list.reload} />
      {!lines && list.loading && <Loading what="the lines" />}
      {lines?.length === 0 && <Nothing narrowed={view.query !== '' && view.query !== '{}'} />}
      {lines && lines.length > 0 && <Lines lines={lines} view={view} />}
      {lines && lines.length >= limit && limit < most && (
        <Button variant="default" size="sm" mt={14} loading={list.loading} onClick={() => setLimit(Math.min(most, limit + 3 * page))}>
          Show more
        </Button>
      )}
      {lines && lines.length >= most && <p className="dim">Only the newest {most.toLocaleString('en-GB')} are shown; tocsin query logs has the rest.</p>}
    </>
  )
}

/** Why there is no line: none was ever sent, or none is in this time. */
function Nothing({ narrowed }: { narrowed: boolean }) {
  const status = useResource('logs kept', (signal) => api.status(signal))
  const kept = status.data?.logs
  if (status.loading) return null
  if (kept && kept.records > 0) {
    return (
      <p className="dim">
        {narrowed ? 'No line in this time is found by the query.' : 'There is no line in this time.'} The newest of all that are kept came <Ago at={kept.newest} />.
      </p>
    )
  }
  return (
    <Lesson title="No log line has arrived yet">
      <p>Point the shipper that you already run here: OpenTelemetry, Promtail, Alloy, Fluent Bit, Vector, Filebeat, Splunk and Datadog forwarders are all understood. To try it, send one line:</p>
      <pre tabIndex={0}>{`curl ${window.location.origin}/api/v1/tocsin/logs -d '{
  "level": "error", "service": "checkout", "msg": "it works"
}'`}</pre>
      <p>An OpenTelemetry SDK or collector:</p>
      <pre tabIndex={0}>{`OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=${window.location.origin}/v1/logs\nOTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf`}</pre>
      <p>Whatever speaks to Loki:</p>
      <pre tabIndex={0}>{`clients:\n  - url: ${window.location.origin}/loki/api/v1/push`}</pre>
      <p className="dim">Syslog, files of this machine and its journal are read by the daemon itself; docs/logs-receiving.md shows how.</p>
    </Lesson>
  )
}
