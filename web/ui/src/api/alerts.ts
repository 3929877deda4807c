import { accepted, get, post, root } from './client.ts'
import type { Figure, Severity } from './nouns.ts'

type Labels = Record<string, string>

/** An alert of our rules that stands now. */
export interface Alert {
  fingerprint: string
  name: string
  service: string
  environment?: string
  severity: Severity
  state: 'firing' | 'held' | 'stale_source'
  since: string
  at: string
  value: Figure
  threshold: Figure
  below?: boolean
  shadow?: boolean
  unit?: string
  expr: string
  query?: string
  labels: Labels
  channels?: string[]
  source: string
  summary: string
}

/** What would have been told of a shadow alert, or was told of another one. */
export interface AlertPage {
  name: string
  service: string
  environment?: string
  severity: Severity
  fired: string
  ended?: string
  held_seconds: number
  value: Figure
  unit?: string
  fingerprint: string
  labels: Labels
  summary: string
}

/** An alert as Alertmanager's API has it. */
export interface RoutedAlert {
  fingerprint: string
  labels: Labels
  annotations: Labels
  startsAt: string
  status: { state: 'active' | 'suppressed' | 'unprocessed'; silencedBy: string[]; inhibitedBy: string[]; mutedBy?: string[] }
}

export interface AlertGroup {
  labels: Labels
  receiver: { name: string }
  alerts: RoutedAlert[]
}

export interface Matcher {
  name: string
  value: string
  isRegex: boolean
  isEqual?: boolean
}

export interface NewSilence {
  matchers: Matcher[]
  startsAt: string
  endsAt: string
  createdBy: string
  comment: string
}

export interface Silence extends NewSilence {
  id: string
  status: { state: 'active' | 'pending' | 'expired' }
}

export interface Window {
  name: string
  matchers: string[]
  comment?: string
  on: boolean
  until?: string
  next?: string
}

export const alertsApi = {
  /** What fires or is held of our own rules. */
  standing: async (signal?: AbortSignal) => (await get<{ alerts: Alert[] }>(`${root}/alerts`, {}, signal)).alerts,
  /** The newest pages that shadow alerts would have made, the oldest first. */
  shadow: (from: string, signal?: AbortSignal) => get<{ pages: AlertPage[]; more: boolean }>(`${root}/alerts/log`, { shadow: 'only', from, limit: 500 }, signal),
  groups: (signal?: AbortSignal) => get<AlertGroup[]>('/api/v2/alerts/groups', {}, signal),
  silences: (signal?: AbortSignal) => get<Silence[]>('/api/v2/silences', {}, signal),
  silence: (s: NewSilence) => post<{ silenceID: string }>('/api/v2/silences', s),
  expire: async (id: string) => void (await accepted(fetch(`/api/v2/silence/${encodeURIComponent(id)}`, { method: 'DELETE' }))),
  windows: async (signal?: AbortSignal) => (await get<{ windows: Window[] }>(`${root}/maintenance`, {}, signal)).windows,
}
