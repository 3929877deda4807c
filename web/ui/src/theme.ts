import { createTheme, type MantineColorsTuple } from '@mantine/core'

// Deep water green, the colour of everything that can be pressed. Red is kept
// for what burns, so it is not in the theme: it stands in styles.css alone.
const tide: MantineColorsTuple = [
  '#e9f4f4', '#d3e6e7', '#a7cdcf', '#7ab3b7', '#559da2', '#3c8e94', '#2b868d', '#1b747b', '#15636a', '#0b4f55',
]

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: { light: 8, dark: 4 },
  colors: { tide },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  headings: { fontFamily: 'var(--serif)', fontWeight: '600' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
})
