// The nouns of the API, as GET /api/v1/tocsin/openapi.json describes them.
// Times are RFC 3339 in UTC. A figure is null when it is unknown.

export type Figure = number | null
export type Severity = 'info' | 'warning' | 'critical'
export type IncidentState = 'candidate' | 'open' | 'acknowledged' | 'mitigated' | 'resolved' | 'closed' | 'merged' | 'false_positive' | 'expired'

/** Whether an incident in this state has ended, in whichever way. */
export const isOver = (s: IncidentState) => s === 'resolved' || s === 'closed' || s === 'merged' || s === 'false_positive' || s === 'expired'

/** One report's figures, kept as the worst of an episode; expected and band are those of its beginning. */
export interface Reading {
  at: string
  value: Figure
  expected: Figure
  lower: Figure
  upper: Figure
  score: Figure
}

export interface Occurrence {
  key: string
  source: 'alert' | 'anomaly'
  name: string
  signal?: string
  service: string
  environment?: string
  severity: Severity
  condition: 'firing' | 'held' | 'stale_source' | 'cleared'
  symptom: boolean
  strong: boolean
  since: string
  at: string
  value: Figure
  expected: Figure
  lower: Figure
  upper: Figure
  threshold: Figure
  below?: boolean
  score: Figure
  worst?: Reading
  kind?: string
  unit?: string
  labels?: Record<string, string>
  query?: string
  channels?: string[]
  summary?: string
  /** Why people expect it, which makes it weak. */
  excused?: string
}

export interface Incident {
  id: string
  service: string
  environment?: string
  title: string
  state: IncidentState
  severity: Severity
  onset: string
  opened: string
  acked?: string
  resolved?: string
  updated: string
  reopened: number
  occurrences: Occurrence[]
  dropped?: number
  merged_into?: string
  merged?: string[]
  umbrella?: string
  members?: string[]
  predecessor?: string
  successor?: string
  split_from?: string
  recurrence_of?: string
}

export interface Suspect {
  title: string
  probability: number
  change_id: string
}

export interface IncidentRow extends Incident {
  top_suspect: Suspect | null
}

export interface TimelineEvent {
  seq: number
  incident: string
  kind: string
  at: string
  actor: string
  text: string
  key?: string
}

export interface EventRecord {
  event: TimelineEvent
  incident: Incident
}

/** The word on a change: whether it did harm. */
export type VerdictState = 'collecting' | 'healthy' | 'suspicious' | 'faulty' | 'undecided'

/** What one signal shows of a change. */
export interface VerdictSignal {
  signal: string
  unit?: string
  before: number
  after: number
  shift: number
  margin: number
  harm: number
  safe: number
  blocks: number
  lacks?: string
}

/** A canary beside the version that ran in the same time. */
export interface VerdictArms {
  label: string
  canary: string
  baseline: string
  evidence: number
  signals: { signal: string; unit?: string; baseline: number; canary: number; margin: number; harm: number; safe: number; blocks: number; lacks?: string }[] | null
}

export interface ChangeVerdict {
  change: Change
  verdict: { state: VerdictState; at: string; final: boolean; evidence: number; placebos: number; beaten: number; reason: string; signals: VerdictSignal[] | null; arms?: VerdictArms } | null
  history: { state: VerdictState; at: string; reason: string }[]
}

export interface Change {
  id: string
  kind: string
  service: string
  environment?: string
  version_from?: string
  version_to?: string
  started: string
  finished?: string
  status: 'started' | 'succeeded' | 'failed' | 'rolled_back'
  author?: string
  link?: string
  summary?: string
  labels?: Record<string, string>
  received: string
  /** Who told of it; missing is the same as "reported" alone. */
  sources?: string[]
}

/** A version that reached a stage. */
export interface StagePassage {
  stage: string
  change: string
  status: Change['status']
  at: string
}

/** Where a deployment stands among the stages. */
export interface StageNote {
  stage: string
  trigger?: string
  branch?: string
  tests?: string[]
  rollback?: { enabled: boolean; strategy?: string }
  approval?: 'granted' | 'missing' | 'not_told'
  passed: StagePassage[]
  warnings?: string[]
}

export interface Term {
  name: string
  points: number
  text: string
}

export type Basis = 'observed' | 'inferred'

export interface Evidence {
  service?: string
  source?: string
  basis?: Basis
  text?: string
  signal: string
  unit?: string
  before: Figure
  after: Figure
  z: Figure
  query?: string
  onset?: string
}

export interface Finding {
  change: Change | null
  title: string
  log_odds: number
  probability: number
  terms: Term[]
  evidence?: Evidence[]
}

export interface Ranking {
  at: string
  onset: string
  findings: Finding[]
  analysis?: Analysis | null
}

/** A service at which the trouble may have begun. */
export interface Cause {
  service: string
  kind: string
  title: string
  change: Change | null
  probability: number
  confidence: string
  score: number
  onset?: string
  path?: string[]
  evidence: Evidence[] | null
}

/** Why an incident came about. */
export interface Analysis {
  primary_cause: Cause | null
  contributing_factors: Cause[] | null
  affected_services: { service: string; path?: string[]; onset?: string; shows?: Evidence[] }[] | null
  suggested_fixes: { title: string; source: string; ref?: string; helped: number; tried: number }[] | null
  prevention_measures: { title: string; reason: string; basis: Basis }[] | null
  estimated_time_to_resolve: { p50_seconds: Figure; p80_seconds: Figure; p95_seconds: Figure; based_on: number; reason?: string } | null
  unexplained: string
  against: { text: string; basis: Basis }[] | null
}

export interface TopologyNode {
  name: string
  kind: 'service' | 'store' | 'host'
  requests_per_second: Figure
  error_ratio: Figure
  p95_seconds: Figure
  self_p90_seconds: Figure
  incidents: { id: string; title: string; state: string; severity: string }[]
}

export interface TopologyEdge {
  from: string
  to: string
  kind: 'calls' | 'uses' | 'runs_on'
  sources: string[]
  seen?: string
  weight: number
  calls_per_second: Figure
  error_ratio: Figure
  client_p50_seconds: Figure
  server_p50_seconds: Figure
  gap_p50_seconds: Figure
}

/** Which service depends on which. */
export interface Topology {
  at: string
  nodes: TopologyNode[]
  edges: TopologyEdge[]
  alias: Record<string, string>
  more: boolean
}

export interface Delivery {
  channel: string
  seq: number
  event?: string
  state: 'waiting' | 'sent' | 'failed' | 'merged' | 'skipped' | 'dropped'
  attempts: number
  created: string
  due?: string
  done?: string
  error?: string
  /** Why it is held back while it waits, and by which silence, window or the like. */
  muted?: string
  muted_by?: string
}

export type NotifyWhat = 'sent' | 'retry' | 'failed' | 'muted' | 'unmuted' | 'merged' | 'dropped' | 'skipped' | 'unrouted' | 'fallback' | 'escalated'

/** One step in the life of a message. */
export interface NotifyEntry {
  id: number
  at: string
  what: NotifyWhat
  channel?: string
  /** Id of the incident, or group/ and the key of a group of alerts. */
  subject: string
  key?: string
  event?: string
  attempt?: number
  code?: string
  took_seconds?: number
  reason?: string
  detail?: string
}

export interface NotifyLog {
  entries: NotifyEntry[]
  more: boolean
  cursor: string
}

export interface IncidentDetail {
  incident: Incident
  events: TimelineEvent[]
  ranking: Ranking | null
  changes: Change[]
  deliveries: Delivery[]
}

export interface Anomaly extends Occurrence {
  /** Highest score of the episode. */
  peak: Figure
  ended?: string
  incident?: string
}

/** [time in ms, value, expected, lower, upper, score] */
export type BandPoint = [number, Figure, Figure, Figure, Figure, Figure]

export interface Band {
  series: Record<string, string>
  unit: string
  points: BandPoint[]
}

/** Why a sample was or was not odd; text says all of it in about fifteen lines. */
export interface Explanation {
  series: Record<string, string>
  time: string
  value: Figure
  expected: Figure
  lower: Figure
  upper: Figure
  score: Figure
  threshold: Figure
  decades: Figure
  need: Figure
  odd: boolean
  excused: boolean
  kind: string
  reason?: string
  evidence: ChannelEvidence[]
  text: string
}

/** What one channel of the detector had to say, in powers of ten. */
export interface ChannelEvidence {
  channel: string
  size: Figure
  quantile: Figure
  shape: Figure
  bonus: Figure
  most: Figure
  against: Figure
  lasting: number
  decades: Figure
  decisive: boolean
  silent?: string
}

export interface Status {
  version: string
  started: string
  uptime_seconds: number
  listen_address: string
  config_file: string
  reload: { ok: boolean; at: string; error?: string }
  store: {
    series: number
    samples_total: number
    samples_per_second: number
    oldest?: string
    newest?: string
    retention_seconds: number
    bytes: number
  }
  detector: { watched: number; warming: number; open: number; services: number; spent_7d: number; overspent: number; checkpoint?: string; catching_up?: boolean; warm_start?: { active: boolean; series: number; done: number; failed: number } }
  rules: { alerts: number; recording: number; firing: number; pending: number; held: number; stale_source: number; failing: number; evaluated?: string }
  gaps: { from: string; to: string; reason: 'not_running' | 'suspended' | 'not_storing' }[]
  channels: { name: string; waiting: number; failed: number; sent: number; last?: string; error?: string }[]
  scrape: { jobs: number; up: number; down: number; unknown: number; failing: { job: string; url: string; error: string; scraped: string }[] }
  forward: { name: string; url: string; sent?: string; pending: number; failed: number; retried: number; dropped: number }[]
  logs: { records: number; newest?: string }
  drops: { where: string; reason: string; count: number }[]
  warnings?: string[]
  runtime: { go_version: string; goroutines: number; resident_bytes: number; max_procs: number }
}

/** One series of a range query: labels and [seconds, text] pairs. */
/** How a service level objective stands for one service. */
export interface Objective {
  name: string
  description?: string
  service: string
  environment?: string
  counts: string
  objective: number
  window_seconds: number
  error_ratio: Figure
  ratio_lower: Figure
  ratio_upper: Figure
  events: Figure
  bad_events: Figure
  /** 1 untouched, 0 used up, negative overdrawn. */
  budget_left: Figure
  observed_seconds: number
  burning?: Severity
  shadow?: boolean
  burns: ObjectiveBurn[]
  query?: string
  source: string
}

export interface ObjectiveBurn {
  rate: number
  severity: Severity
  long_seconds: number
  short_seconds: number
  long_rate: Figure
  short_rate: Figure
  burning: boolean
  query?: string
}

export interface PromSeries {
  metric: Record<string, string>
  values: [number, string][]
}

export type By = 'metric' | 'label' | 'pair' | 'service' | 'change'

/** Where series come from. Lists by the hour are those of the last day, the oldest first. */
export interface Cardinality {
  by: By
  at: string
  since: string
  series: number
  stale: number
  most: number
  made: number[]
  gone: number[]
  made_24h: number
  gone_24h: number
  bytes_per_series: number
  rows: CardinalityRow[]
  more: boolean
  without_change: number
}

/** A metric, a label, a value of one, a service, or a jump of a service. */
export interface CardinalityRow {
  name: string
  value?: string
  series: number
  values: number
  bytes: number
  made: number[]
  gone: number[]
  made_1h: number
  made_24h: number
  gone_24h: number
  error: number
  labels?: { name: string; values: number }[]
  label?: string
  new_label?: boolean
  jump?: SeriesJump
  advice?: SeriesAdvice[]
  metrics?: { metric: string; series: number }[]
}

/** A time in which a service made far more series than usual. */
export interface SeriesJump {
  service: string
  from: string
  to: string
  series: number
  usual: Figure
  change: Change | null
  own: boolean
}

export interface SeriesAdvice {
  text: string
  snippet?: string
}
