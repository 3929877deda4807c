import { ActionIcon, Button, NativeSelect, TextInput } from '@mantine/core'
import { niceStep } from '../chart/band.ts'
import { span as spanText } from '../format/number.ts'
import { type View, mostPoints } from './state.ts'

const ranges: [number, string][] = [
  [300, '5 minutes'],
  [900, '15 minutes'],
  [1800, '30 minutes'],
  [3600, '1 hour'],
  [10_800, '3 hours'],
  [21_600, '6 hours'],
  [43_200, '12 hours'],
  [86_400, '1 day'],
  [259_200, '3 days'],
  [604_800, '7 days'],
  [1_209_600, '14 days'],
  [2_592_000, '30 days'],
]
const steps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 21_600, 86_400]

/** The step that a view asks for: its own if that is not too fine, else one of about 600 points. */
export function stepOf(v: Pick<View, 'range' | 'step'>): number {
  const own = v.step
  if (own !== null && v.range / own <= mostPoints) return own
  return Math.max(5, niceStep(v.range, 600))
}

/** A time in the local zone as the field for it wants it. */
export function fieldTime(seconds: number): string {
  const t = new Date(seconds * 1000)
  const pad = (n: number) => String(n).padStart(2, '0')
  return `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())}T${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())}`
}

type Span = Pick<View, 'range' | 'end' | 'step'>

/** Which time the queries are about, and how finely; without the latter where there is no choice. */
export function TimeBar({ view, change, resolution = true }: { view: Span; change: (v: Partial<Span>) => void; resolution?: boolean }) {
  const known = ranges.some(([s]) => s === view.range)
  const data = ranges.map(([s, label]) => ({ value: String(s), label }))
  if (!known) data.unshift({ value: String(view.range), label: spanText(view.range * 1000) })
  const auto = stepOf({ ...view, step: null })
  const fine = steps.filter((s) => view.range / s <= mostPoints && s <= view.range)
  if (view.step !== null && !fine.includes(view.step)) fine.push(view.step)
  const shift = (by: number) => {
    const end = (view.end ?? Date.now() / 1000) + (by * view.range) / 2
    change({ end: end >= Date.now() / 1000 ? null : Math.round(end) })
  }
  return (
    <div className="filters time-bar">
      <NativeSelect label="Range" value={String(view.range)} onChange={(e) => change({ range: Number(e.currentTarget.value) })} data={data} />
      {resolution && (
        <NativeSelect
          label="Resolution"
          value={view.step === null ? '' : String(view.step)}
          onChange={(e) => change({ step: e.currentTarget.value === '' ? null : Number(e.currentTarget.value) })}
          data={[{ value: '', label: `auto (${spanText(auto * 1000)})` }, ...fine.sort((a, b) => a - b).map((s) => ({ value: String(s), label: spanText(s * 1000) }))]}
        />
      )}
      <div className="joined">
        <ActionIcon variant="default" size={36} aria-label="Earlier" onClick={() => shift(-1)}>
          ‹
        </ActionIcon>
        <TextInput
          label="End"
          type="datetime-local"
          step={1}
          value={view.end === null ? '' : fieldTime(view.end)}
          onChange={(e) => {
            const t = Date.parse(e.currentTarget.value) / 1000
            change({ end: Number.isFinite(t) ? t : null })
          }}
        />
        <ActionIcon variant="default" size={36} aria-label="Later" disabled={view.end === null} onClick={() => shift(1)}>
          ›
        </ActionIcon>
      </div>
      <Button variant="default" disabled={view.end === null} onClick={() => change({ end: null })}>
        Now
      </Button>
    </div>
  )
}
