const unknown = '–'

function digits(v: number, significant = 3): string {
  const a = Math.abs(v)
  if (a === 0) return '0'
  if (a >= 100) return v.toLocaleString('en-GB', { maximumFractionDigits: 0 })
  if (a >= 0.001) return String(Number(v.toPrecision(significant)))
  return v.toExponential(1)
}

/** Shortens a count: 12 300 000 is 12.3M. */
export function count(v: number | null | undefined): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return unknown
  const steps: [number, string][] = [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ]
  for (const [size, letter] of steps) {
    if (Math.abs(v) >= size) return digits(v / (letter === 'k' ? 1e3 : size)) + letter
  }
  return digits(v)
}

function bytes(v: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let i = 0
  while (Math.abs(v) >= 1024 && i < names.length - 1) {
    v /= 1024
    i++
  }
  return `${digits(v)} ${names[i]}`
}

/** A span of seconds in its natural unit, from 12 µs to 3 d 4 h. */
export function seconds(v: number): string {
  const a = Math.abs(v)
  if (a === 0) return '0 s'
  if (a < 0.001) return `${digits(v * 1e6)} µs`
  if (a < 1) return `${digits(v * 1e3)} ms`
  if (a < 120) return `${digits(v)} s`
  return span(v * 1000)
}

/** A span of milliseconds in at most two whole units: 14 min, 3 h 5 min, 2 d 1 h. */
export function span(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000)
  if (s < 120) return `${s} s`
  const min = Math.floor(s / 60)
  if (min < 120) return `${min} min`
  const h = Math.floor(min / 60)
  if (h < 48) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`
  const d = Math.floor(h / 24)
  return h % 24 === 0 || d >= 14 ? `${d} d` : `${d} d ${h % 24} h`
}

/** A span of milliseconds in one whole unit, for how long ago something was: 14 min, 5 h, 3 d. */
export function coarse(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000)
  if (s < 120) return `${s} s`
  if (s < 120 * 60) return `${Math.floor(s / 60)} min`
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h`
  return `${Math.floor(s / 86400)} d`
}

/** Writes a figure in its unit (ratio, percent, seconds, bytes, per_second or none). */
export function figure(v: number | null | undefined, unit = ''): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return unknown
  switch (unit) {
    case 'ratio':
      return `${digits(v * 100)}%`
    case 'percent':
      return `${digits(v)}%`
    case 'seconds':
      return seconds(v)
    case 'bytes':
      return bytes(v)
    case 'per_second':
      return `${count(v)}/s`
    default:
      return count(v)
  }
}

/** A probability in whole percent, without claiming certainty. */
export function probability(p: number): string {
  const percent = p * 100
  if (percent > 0 && percent < 1) return '<1%'
  if (percent > 99 && percent < 100) return '>99%'
  return `${Math.round(percent)}%`
}

/** Points with their sign and a true minus: +2.6, −0.5. */
export function points(v: number): string {
  return (v < 0 ? '\u2212' : '+') + Math.abs(v).toFixed(1)
}

/** A score in [0,1] with as many nines as it has: 0.95, 0.9998, >0.99999. */
export function score(v: number | null | undefined): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return unknown
  if (v >= 0.99999) return '>0.99999'
  const nines = v > 0.9 ? Math.floor(-Math.log10(1 - v)) : 0
  return String(Math.floor(v * 10 ** (nines + 1)) / 10 ** (nines + 1))
}
