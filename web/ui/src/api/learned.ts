import { get, post, root } from './client.ts'

/** One stage of an incident, in seconds; null when it is not known, and reason says why. */
export interface Stage {
  took_seconds: number | null
  p50_seconds: number | null
  p80_seconds: number | null
  p95_seconds: number | null
  left_p50_seconds: number | null
  left_p80_seconds: number | null
  based_on: number
  reason?: string
}

export interface Outcome {
  kind: 'note' | 'rollback' | 'action'
  text: string
  actor: string
  at: string
  helped: boolean
}

/** A past incident that is like the one on the page. */
export interface Match {
  record: {
    incident: string
    title: string
    service: string
    opened: string
    resolved?: string
    false_alarm?: boolean
    cause?: string
    confirmed?: boolean
    ended: Outcome[]
  }
  similarity: number
  level: 'instance' | 'class'
  shared: { what: string; now: number; then: number }[]
}

export interface Likeness {
  incident: string
  similar: Match[]
  compared: number
  nothing?: string
  estimates: { detect: Stage; ack: Stage; mitigate: Stage; resolve: Stage }
}

export type FeedbackKind = 'right_cause' | 'wrong_cause' | 'false_alarm' | 'expected'

export interface Feedback {
  id: number
  incident: string
  kind: FeedbackKind
  actor: string
  note?: string
  at: string
  cause?: string
  right?: string
  expectation?: number
  charged?: number
}

export interface Hours {
  days?: string[]
  from?: string
  to?: string
  zone?: string
}

export interface Expectation {
  id: number
  service?: string
  environment?: string
  signal?: string
  hours?: Hours
  reason: string
  actor: string
  incident?: string
  created: string
  expires: string
  ended?: string
  ended_by?: string
  matched: number
  last_match?: string
}

export interface ExpectRequest {
  service?: string
  environment?: string
  signal?: string
  hours?: Hours
  reason: string
  for_seconds: number
}

export interface FeedbackRequest {
  kind: FeedbackKind
  actor: string
  note?: string
  cause?: string
  right?: string
  expect?: ExpectRequest
}

/** A row of the history of weights; 0 is those out of the box. */
export interface Refit {
  id: number
  kind: 'refit' | 'undo'
  at: string
  actor: string
  labels: number[]
  before: number
  after: number
  taken: boolean
  reason: string
  weights: { multipliers?: Record<string, number>; slope?: number; offset?: number; curve?: { from: number; probability: number }[] }
  to: number
}

export interface Weights {
  current: Refit
  history: Refit[]
  labels: number
  wanted: number
}

const of = (id: string) => `${root}/incidents/${encodeURIComponent(id)}`

export const learnedApi = {
  similar: (id: string, signal?: AbortSignal) => get<Likeness>(`${of(id)}/similar`, {}, signal),
  feedback: (id: string, signal?: AbortSignal) => get<{ feedback: Feedback[] }>(`${of(id)}/feedback`, {}, signal),
  say: (id: string, body: FeedbackRequest) => post<Feedback>(`${of(id)}/feedback`, body),
  expectations: (signal?: AbortSignal) => get<{ expectations: Expectation[] }>(`${root}/expectations`, { state: 'all', limit: 200 }, signal),
  end: (id: number, actor: string) => post<Expectation>(`${root}/expectations/${id}/end`, { actor, note: '' }),
  weights: (signal?: AbortSignal) => get<Weights>(`${root}/rca/weights`, {}, signal),
  refit: (actor: string) => post<Refit>(`${root}/rca/refit`, { actor }),
  undo: (to: number, actor: string, reason: string) => post<Refit>(`${root}/rca/undo`, { to, actor, reason }),
}
