import { ApiError, accepted, address, get, root } from './client.ts'
import type { Source } from './live.ts'

/** A line of a log. Labels are all others than those that have a field of their own. */
export interface LogLine {
  time: string
  level: string
  service: string
  line: string
  template?: string
  trace_id?: string
  span_id?: string
  labels?: Record<string, string>
}

/** How many lines of each level there are in a piece of a time. */
export interface LogBar {
  time: string
  levels: Record<string, number>
}

export interface LogTemplate {
  id: string
  service: string
  text: string
  first: string
  last: string
  /** Since it is known. */
  count: number
  samples: string[]
  /** In the time asked for. */
  records: number
  counts: number[]
}

/** A time in seconds since 1970. */
export interface LogSpan {
  start: number
  end: number
}

const times = ({ start, end }: LogSpan) => ({ start: start.toFixed(3), end: end.toFixed(3) })

/** The newest lines that a query finds, at most limit. */
export async function logLines(query: string, span: LogSpan, limit: number, signal?: AbortSignal): Promise<LogLine[]> {
  const res = await accepted(fetch(address(`${root}/logs`, { query, ...times(span), limit }), signal ? { signal } : {}))
  return parseLines(await res.text())
}

/** Reads one JSON object a line; an error may come after some lines. */
export function parseLines(text: string): LogLine[] {
  const out = text.split('\n').filter((l) => l !== '').map((l) => JSON.parse(l) as LogLine & { error?: string })
  const failed = out.find((l) => l.error !== undefined && l.time === undefined)
  if (failed?.error !== undefined) throw new ApiError(failed.error, 200, false)
  return out
}

export async function logHistogram(query: string, span: LogSpan, signal?: AbortSignal): Promise<LogBar[]> {
  return (await get<{ bars: LogBar[] }>(`${root}/logs/histogram`, { query, ...times(span) }, signal)).bars
}

/** The templates of what the selector of a query finds, the most frequent first. */
export async function logTemplates(query: string, span: LogSpan, signal?: AbortSignal): Promise<LogTemplate[]> {
  return (await get<{ templates: LogTemplate[] }>(`${root}/logs/templates`, { query, ...times(span) }, signal)).templates
}

export type TailState = 'connecting' | 'live' | 'lost' | 'failed'

interface TailListeners {
  line: (l: LogLine) => void
  /** There were more lines than could be sent; some were left out. */
  missed: () => void
  /** The text says why when the state is failed. */
  state: (s: TailState, text?: string) => void
}

const firstWait = 1000
const longestWait = 10_000

/** Follows what a query finds from now on, and comes back by itself when the line breaks. */
export function tailLogs(query: string, on: TailListeners, open: (url: string) => Source = (url) => new EventSource(url)): () => void {
  let source: Source | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = firstWait
  const connect = () => {
    on.state('connecting')
    const s = open(address(`${root}/logs/tail`, { query }))
    source = s
    s.addEventListener('hello', () => {
      wait = firstWait
      on.state('live')
    })
    s.addEventListener('line', (e) => on.line(JSON.parse(e.data) as LogLine))
    s.addEventListener('missed', () => on.missed())
    s.addEventListener('failed', (e) => {
      s.close()
      on.state('failed', (JSON.parse(e.data) as { error: string }).error)
    })
    s.onerror = () => {
      s.close()
      if (source !== s) return
      on.state('lost')
      timer = setTimeout(connect, wait)
      wait = Math.min(2 * wait, longestWait)
    }
  }
  connect()
  return () => {
    clearTimeout(timer)
    source?.close()
    source = null
  }
}
