import { useNow } from '../clock.ts'
import { coarse, span } from '../format/number.ts'
import { isSet, local, utc } from '../format/time.ts'

/** A time in the local zone, with UTC on hover. */
export function When({ at, seconds = true }: { at: string | undefined; seconds?: boolean }) {
  const now = useNow()
  if (!isSet(at)) return <span className="dim">–</span>
  const t = new Date(at)
  return (
    <time dateTime={at} title={utc(t)} className="nowrap">
      {local(t, new Date(now), seconds)}
    </time>
  )
}

/** How long ago a time was, ticking. */
export function Ago({ at }: { at: string | undefined }) {
  const now = useNow()
  if (!isSet(at)) return <span className="dim">–</span>
  const t = new Date(at)
  const ms = now - t.getTime()
  const text = ms < -5000 ? `in ${coarse(ms)}` : ms < 5000 ? 'just now' : `${coarse(ms)} ago`
  return (
    <time dateTime={at} title={`${local(t, new Date(now))} · ${utc(t)}`} className="nowrap">
      {text}
    </time>
  )
}

/** The span from one time to another, or to now while the other is not set. */
export function Lasting({ from, to }: { from: string; to?: string | undefined }) {
  const now = useNow()
  const end = isSet(to) ? Date.parse(to) : now
  return <span className="nowrap">{span(Math.max(0, end - Date.parse(from)))}</span>
}
