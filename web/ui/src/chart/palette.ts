/** The colours of the pages, read from the stylesheet for the canvas. */
export function palette() {
  const css = getComputedStyle(document.documentElement)
  const get = (name: string) => css.getPropertyValue(name).trim()
  return {
    ink: get('--ink'),
    soft: get('--ink-3'),
    line: get('--line'),
    strong: get('--line-strong'),
    tide: get('--tide'),
    burn: get('--burn'),
    warn: get('--warn'),
    calm: get('--calm'),
    sheet: get('--sheet'),
    band: get('--band'),
    bandLine: get('--band-line'),
    series: [1, 2, 3, 4, 5, 6].map((i) => get(`--series-${i}`)),
  }
}

export type Palette = ReturnType<typeof palette>
