import type uPlot from 'uplot'
import type { Mark } from './band.ts'
import type { Palette } from './palette.ts'

const rowHeight = 15
const rows = 3

/** Places labels in rows so that none covers another; what fits in no row goes without a label. */
export function placeLabels(marks: { x: number; width: number }[], right: number): { row: number; x: number }[] {
  const free: number[] = Array<number>(rows).fill(-Infinity)
  return marks.map(({ x, width }) => {
    const at = x + width + 6 > right ? x - width - 5 : x + 5
    const row = free.findIndex((end) => at > end + 4)
    if (row < 0) return { row: -1, x: at }
    free[row] = Math.max(at + width, x)
    return { row, x: at }
  })
}

/** The room above the plot that the labels need, in CSS pixels. */
export const labelRoom = rows * rowHeight + 4

/** Draws the limit of a rule across the plot, when it is within the drawn range. */
export function drawLimit(u: uPlot, value: number, label: string, colours: Palette): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const y = u.valToPos(value, 'y', true)
  if (y < bbox.top || y > bbox.top + bbox.height) return
  ctx.save()
  ctx.strokeStyle = colours.warn
  ctx.fillStyle = colours.warn
  ctx.lineWidth = ratio
  ctx.setLineDash([2 * ratio, 3 * ratio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'bottom'
  ctx.fillText(label, bbox.left + 4 * ratio, y - 2 * ratio)
  ctx.restore()
}

/** Draws vertical marks: the onset dashed and red, changes in the colour of what people do. */
export function drawMarks(u: uPlot, marks: Mark[], colours: Palette): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const seen = marks
    .map((m) => ({ ...m, x: u.valToPos(m.t, 'x', true) }))
    .filter((m) => m.x >= bbox.left && m.x <= bbox.left + bbox.width)
    .sort((a, b) => a.x - b.x)
  ctx.save()
  ctx.font = `600 ${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  const places = placeLabels(
    seen.map((m) => ({ x: m.x / ratio, width: ctx.measureText(m.label).width / ratio })),
    (bbox.left + bbox.width) / ratio + 8, // the padding at the right
  )
  seen.forEach((m, i) => {
    const colour = { onset: colours.burn, change: colours.tide, resolved: colours.calm }[m.kind]
    const place = places[i]
    const y = bbox.top - (labelRoom - 4 - ((place?.row ?? 0) + 0.5) * rowHeight) * ratio
    ctx.strokeStyle = colour
    ctx.fillStyle = colour
    ctx.lineWidth = 1.5 * ratio
    ctx.setLineDash(m.kind === 'onset' ? [5 * ratio, 4 * ratio] : [])
    ctx.beginPath()
    ctx.moveTo(m.x, place && place.row >= 0 ? y : bbox.top)
    ctx.lineTo(m.x, bbox.top + bbox.height)
    ctx.stroke()
    if (place && place.row >= 0) ctx.fillText(m.label, place.x * ratio, y)
  })
  ctx.restore()
}
