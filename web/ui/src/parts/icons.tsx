// Drawn here because seven icons do not need a library. All are decoration:
// the words beside them carry the meaning.
const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 2, strokeLinecap: 'round', strokeLinejoin: 'round' } as const

export function Bell() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" {...line}>
      <path d="M12 3c-3.6 0-5.6 2.6-5.6 6.3 0 4-1.2 5.4-2.6 6.7h16.4c-1.4-1.3-2.6-2.7-2.6-6.7C17.6 5.6 15.6 3 12 3z" />
      <circle cx="12" cy="20" r="1.4" fill="currentColor" />
    </svg>
  )
}

export function Sun() {
  return (
    <svg width="17" height="17" viewBox="0 0 24 24" aria-hidden="true" {...line}>
      <circle cx="12" cy="12" r="4.2" />
      <path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4" />
    </svg>
  )
}

export function Moon() {
  return (
    <svg width="17" height="17" viewBox="0 0 24 24" aria-hidden="true" {...line}>
      <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />
    </svg>
  )
}

/** A filled diamond for critical, a triangle for warning, a ring for the rest: told apart without colour. */
export function SeverityShape({ severity }: { severity: string }) {
  return (
    <svg viewBox="0 0 12 12" aria-hidden="true">
      {severity === 'critical' && <path d="M6 0 12 6 6 12 0 6z" fill="currentColor" />}
      {severity === 'warning' && <path d="M6 1 12 11.5H0z" fill="currentColor" />}
      {severity !== 'critical' && severity !== 'warning' && <circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" strokeWidth="2" />}
    </svg>
  )
}
