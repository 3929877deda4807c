/**
 * Returns the address if it may be a link: http and https only. Links come from
 * whoever sends changes; a javascript: address would run in this page.
 */
export function safeLink(href: string | undefined): string | undefined {
  if (!href) return undefined
  try {
    const u = new URL(href)
    return u.protocol === 'http:' || u.protocol === 'https:' ? u.href : undefined
  } catch {
    return undefined
  }
}
