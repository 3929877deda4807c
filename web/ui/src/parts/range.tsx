import type { Figure } from '../api/nouns.ts'

/**
 * Where the value lies against its ordinary range, as one small strip. The
 * words beside it say the same, so it is hidden from screen readers.
 */
export function Range({ value, lower, upper, expected }: { value: Figure; lower: Figure; upper: Figure; expected: Figure }) {
  if (value === null || lower === null || upper === null) return null
  const low = Math.min(value, lower)
  const high = Math.max(value, upper)
  const air = (high - low || 1) * 0.06
  const x = (v: number) => ((v - low + air) / (high - low + 2 * air)) * 200
  const out = value < lower || value > upper
  return (
    <svg width="200" height="12" viewBox="0 0 200 12" aria-hidden="true" style={{ display: 'block', marginTop: 6, maxWidth: '100%' }}>
      <line x1="0" x2="200" y1="6" y2="6" stroke="var(--line-strong)" />
      <rect x={x(lower)} width={Math.max(2, x(upper) - x(lower))} y="1" height="10" rx="2" fill="var(--band)" stroke="var(--band-line)" />
      {expected !== null && <line x1={x(expected)} x2={x(expected)} y1="1" y2="11" stroke="var(--band-line)" />}
      <circle cx={x(value)} cy="6" r="4" fill={out ? 'var(--burn)' : 'var(--ink)'} />
    </svg>
  )
}
