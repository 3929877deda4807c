const pad = (n: number) => String(n).padStart(2, '0')
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** True for a time that was set; Go's zero time and a missing one are not. */
export function isSet(t: string | undefined): t is string {
  return t !== undefined && t !== '' && !t.startsWith('0001-')
}

/** The time of day in the local zone. */
export function clock(t: Date, withSeconds = true): string {
  const hm = `${pad(t.getHours())}:${pad(t.getMinutes())}`
  return withSeconds ? `${hm}:${pad(t.getSeconds())}` : hm
}

/** Local time, with the day unless it is today's, and the year unless it is this year's. */
export function local(t: Date, now: Date, withSeconds = true): string {
  const sameDay = t.toDateString() === now.toDateString()
  if (sameDay) return clock(t, withSeconds)
  const day = `${t.getDate()} ${months[t.getMonth()]}`
  return t.getFullYear() === now.getFullYear() ? `${day} ${clock(t, false)}` : `${day} ${t.getFullYear()} ${clock(t, false)}`
}

/** UTC to the second, for hover texts and for pasting. */
export function utc(t: Date): string {
  return `${t.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
