import type { Anomaly, Band, By, Cardinality, Change, ChangeVerdict, Explanation, Incident, IncidentDetail, IncidentRow, NotifyLog, Objective, StageNote, Status, Topology, VerdictState } from './nouns.ts'

/** Where our own API is. */
export const root = '/api/v1/tocsin'

/** An answer that says no, or the lack of any answer. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when the daemon did not answer. */
    readonly status: number,
    readonly retryable: boolean,
    readonly requestId = '',
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

type Params = Record<string, string | number | undefined>

/** Builds an address, leaving out what is empty. */
export function address(path: string, params: Params = {}): string {
  const q = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') q.set(name, String(value))
  }
  const text = q.toString()
  return text === '' ? path : `${path}?${text}`
}

/** Waits for an answer that says yes; its body is not read yet. */
export async function accepted(request: Promise<Response>): Promise<Response> {
  let res: Response
  try {
    res = await request
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e
    throw new ApiError('The daemon does not answer. It may be restarting.', 0, true)
  }
  if (res.ok) return res
  throw refusal(res, await res.json().catch(() => null))
}

async function answer<T>(request: Promise<Response>): Promise<T> {
  const res = await accepted(request)
  const body: unknown = await res.json().catch(() => null)
  if (body !== null) return body as T
  throw refusal(res, body)
}

function refusal(res: Response, body: unknown): ApiError {
  const b = (body ?? {}) as { error?: unknown; message?: unknown; request_id?: unknown; retryable?: unknown }
  // Alertmanager's API says why in a bare text, or as message.
  const why = [body, b.error, b.message].find((w): w is string => typeof w === 'string' && w !== '')
  const text = why ?? `The daemon answered ${res.status} without saying why.`
  const id = typeof b.request_id === 'string' ? b.request_id : (res.headers.get('X-Request-Id') ?? '')
  return new ApiError(text, res.status, b.retryable === true || res.status >= 502, id)
}

/** Asks for JSON. */
export function get<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  return answer<T>(fetch(address(path, params), { headers: { Accept: 'application/json' }, ...(signal && { signal }) }))
}

/** Sends JSON and waits for the answer. */
export function post<T>(path: string, body: unknown): Promise<T> {
  return answer<T>(fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }))
}

/** Asks Prometheus' API. */
export function promGet<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  return get<T>(`/api/v1/${path}`, params, signal)
}

/** Asks Prometheus' API by a form, which may be longer than an address. */
export function promPost<T>(path: string, params: Record<string, string | number>, signal?: AbortSignal): Promise<T> {
  const body = new URLSearchParams(Object.entries(params).map(([k, v]) => [k, String(v)]))
  return answer<T>(fetch(`/api/v1/${path}`, { method: 'POST', headers: { Accept: 'application/json' }, body, ...(signal && { signal }) }))
}

/** What people can do to an incident. */
export type Verb = 'ack' | 'resolve' | 'mitigate' | 'merge' | 'close'

export const api = {
  incidents: (q: { state?: string; service?: string; limit?: number }, signal?: AbortSignal) =>
    get<{ incidents: IncidentRow[]; more: boolean }>(`${root}/incidents`, q, signal),
  incident: (id: string, signal?: AbortSignal) => get<IncidentDetail>(`${root}/incidents/${encodeURIComponent(id)}`, {}, signal),
  /** With is the id of the other incident, of a merge. */
  act: (id: string, verb: Verb, actor: string, note: string, other?: string) =>
    post<Incident>(`${root}/incidents/${encodeURIComponent(id)}/${verb}`, other === undefined ? { actor, note } : { actor, note, with: other }),
  anomalies: (q: { service?: string; since?: string; limit?: number }, signal?: AbortSignal) =>
    get<{ anomalies: Anomaly[]; more: boolean }>(`${root}/anomalies`, q, signal),
  changes: (q: { service?: string; kind?: string; limit?: number }, signal?: AbortSignal) =>
    get<{ changes: Change[]; verdicts: Record<string, VerdictState>; stages?: Record<string, StageNote>; more: boolean }>(`${root}/changes`, q, signal),
  verdict: (id: string, signal?: AbortSignal) => get<ChangeVerdict>(`${root}/changes/${encodeURIComponent(id)}/verdict`, {}, signal),
  /** Start and end in ms, step in seconds. */
  band: (query: string, start: number, end: number, step: number, signal?: AbortSignal) =>
    get<Band>(`${root}/band`, { query, start: start / 1000, end: end / 1000, step }, signal),
  /** Why the newest sample of a series not after a time was or was not odd. */
  explain: (query: string, time: string, signal?: AbortSignal) => get<Explanation>(`${root}/explain`, { query, time }, signal),
  /** Where series come from, what grew, and the change before it. */
  cardinality: (by: By, limit: number, signal?: AbortSignal) => get<Cardinality>(`${root}/cardinality`, { by, limit }, signal),
  /** Which service depends on which: all, or what is around one service. */
  topology: (q: { service?: string; limit?: number }, signal?: AbortSignal) => get<Topology>(`${root}/topology`, q, signal),
  /** The journal of notifications, the newest first. */
  notifications: (q: { incident?: string; channel?: string; what?: string; cursor?: string; limit?: number }, signal?: AbortSignal) =>
    get<NotifyLog>(`${root}/notify/log`, q, signal),
  /** Service level objectives with their budgets. */
  objectives: (signal?: AbortSignal) => get<{ slos: Objective[]; more: boolean }>(`${root}/slos`, { limit: 500 }, signal),
  status: (signal?: AbortSignal) => get<Status>(`${root}/status`, {}, signal),
}
