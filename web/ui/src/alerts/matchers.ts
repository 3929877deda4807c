import type { Matcher } from '../api/alerts.ts'

/** How a matcher compares, as people write it. */
export const operators = ['=', '!=', '=~', '!~'] as const
export type Operator = (typeof operators)[number]

export function operator(m: Matcher): Operator {
  const equal = m.isEqual !== false
  return m.isRegex ? (equal ? '=~' : '!~') : equal ? '=' : '!='
}

export function matcher(name: string, op: Operator, value: string): Matcher {
  return { name, value, isRegex: op.endsWith('~'), isEqual: op.startsWith('=') }
}

/** Writes a matcher as routes and amtool do. */
export function matcherText(m: Matcher): string {
  return `${m.name}${operator(m)}${JSON.stringify(m.value)}`
}

/** Matchers that an alert and what is just like it pass. */
export function exact(labels: Record<string, string>): Matcher[] {
  return Object.entries(labels)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => matcher(name, '=', value))
}

/**
 * Whether labels pass all matchers; null when a regular expression cannot be
 * read here. A label that is missing has the empty value.
 */
export function matches(list: Matcher[], labels: Record<string, string>): boolean | null {
  let all = true
  for (const m of list) {
    const value = labels[m.name] ?? ''
    let same = value === m.value
    if (m.isRegex) {
      try {
        same = new RegExp(`^(?:${m.value})$`, 's').test(value)
      } catch {
        return null
      }
    }
    if (same !== (m.isEqual !== false)) all = false
  }
  return all
}

/** The name of an alert and its other labels, each as text. */
export function parts(labels: Record<string, string>): { name: string; rest: string[] } {
  const rest = Object.entries(labels)
    .filter(([n]) => n !== 'alertname')
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([n, v]) => `${n}=${v}`)
  return { name: labels['alertname'] ?? 'an alert without a name', rest }
}
