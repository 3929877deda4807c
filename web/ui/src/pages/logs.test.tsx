import { MantineProvider } from '@mantine/core'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Router } from 'wouter'
import { memoryLocation } from 'wouter/memory-location'
import Logs from './logs.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const line = { time: '2026-03-04T12:00:00.5Z', level: 'error', service: 'pay', line: 'it broke', trace_id: 'abcdef0123456789', template: '00ff', labels: { pod: 'pay-1', 'odd name': 'x' } }
const bars = [
  { time: '2026-03-04T12:00:00Z', levels: { error: 1, info: 3 } },
  { time: '2026-03-04T12:01:00Z', levels: {} },
]
const template = { id: '00ff', service: 'pay', text: 'it <num> broke', first: '2026-03-04T11:00:00Z', last: '2026-03-04T12:00:00Z', count: 40, samples: ['it 1 broke'], records: 7, counts: [] }

type Answers = Record<string, () => Response>
const json = (body: unknown, status = 200) => () => new Response(JSON.stringify(body), { status })

function show(path: string, answers: Answers = {}) {
  const asked: string[] = []
  const all: Answers = {
    logs: () => new Response(`${JSON.stringify(line)}\n`),
    'logs/histogram': json({ bars }),
    'logs/templates': json({ templates: [template] }),
    status: json({ logs: { records: 0 } }),
    ...answers,
  }
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const f = all[(url.split('?')[0] ?? '').replace('/api/v1/tocsin/', '')]
    return f ? Promise.resolve(f()) : Promise.reject(new Error(url))
  })
  const { hook, searchHook, history } = memoryLocation({ path, searchPath: path.split('?')[1] ?? '', record: true })
  render(
    <MantineProvider>
      <Router hook={hook} searchHook={searchHook}>
        <Logs />
      </Router>
    </MantineProvider>,
  )
  return { asked, at: () => decodeURIComponent((history.at(-1) ?? '').replaceAll('+', ' ')) }
}

test('a line has its level, service and trace, and opens to its attributes', async () => {
  const { asked } = show('/logs?end=1772625660&range=600')
  const row = (await screen.findByText('it broke')).closest('li')
  expect(asked).toContain('/api/v1/tocsin/logs?start=1772625060.000&end=1772625660.000&limit=100')
  expect(row?.dataset['level']).toBe('error')
  expect(row?.textContent).toMatch(/error.*pay.*it broke.*abcdef01/)
  const hrefs = () => screen.getAllByRole('link').map((a) => new URLSearchParams((a.getAttribute('href') ?? '').split('?')[1]).get('query'))
  expect(hrefs()).toEqual(['{service_name="pay"}', '{} | trace_id="abcdef0123456789"'])
  const opener = screen.getByRole('button', { expanded: false })
  fireEvent.click(opener)
  expect(opener.getAttribute('aria-expanded')).toBe('true')
  expect(hrefs()).toContain('{} | pod="pay-1"')
  expect(screen.getByText('odd name').parentElement?.querySelector('a')).toBeNull()
})

test('bars are told in words, and a level narrows', async () => {
  const { at } = show('/logs?query=%7Ba%3D%22b%22%7D')
  expect((await screen.findByRole('img')).getAttribute('aria-label')).toMatch(/^4 lines from .* at most 4 in one piece; 1 error, 3 info$/)
  fireEvent.click(screen.getByTitle('Only error'))
  expect(at()).toBe('/logs?query={a="b"} | detected_level="error"')
})

test('a query that is wrong is shown at its place, and alone', async () => {
  const { at } = show('/logs?query=%7B%7D%20%7C%20foo', { 'logs/histogram': json({ error: 'parse error at line 1, col 6: syntax error: unexpected "foo"', code: 'invalid' }, 400) })
  const said = await screen.findByRole('alert')
  expect(said.querySelector('.mono')?.textContent).toBe('{} | foo')
  expect(said.querySelector('mark')?.textContent).toBe('foo')
  expect(said.textContent).toContain('At column 6: unexpected "foo"')
  const box = screen.getByLabelText('LogQL')
  expect(box.getAttribute('aria-invalid')).toBe('true')
  expect(document.getElementById(box.getAttribute('aria-describedby') ?? '')?.contains(said)).toBe(true)
  expect(screen.queryByText('it broke')).toBeNull()
  fireEvent.change(box, { target: { value: ' {} ' } })
  fireEvent.submit(box)
  expect(at()).toBe('/logs?query={}')
})

test('templates have counts and lead to their lines', async () => {
  const { at } = show('/logs?show=templates')
  const link = await screen.findByRole('link', { name: 'it <num> broke' })
  expect(link.closest('tr')?.textContent).toMatch(/pay740/)
  fireEvent.click(link)
  expect(at()).toBe('/logs?query={service_name="pay"} | template="00ff"')
})

test('a store that never got a line teaches how to send one; another says when its newest came', async () => {
  const none: Answers = { logs: () => new Response(''), 'logs/histogram': json({ bars: [] }) }
  show('/logs', none)
  expect(await screen.findByText('No log line has arrived yet')).toBeDefined()
  expect(document.body.textContent).toContain('/loki/api/v1/push')
  cleanup()
  show('/logs', { ...none, status: json({ logs: { records: 5, newest: '2026-03-01T00:00:00Z' } }) })
  expect(await screen.findByText(/There is no line in this time/)).toBeDefined()
})

test('a tail is paused and goes on', async () => {
  const heard = new Map<string, (e: MessageEvent<string>) => void>()
  vi.stubGlobal(
    'EventSource',
    class {
      onerror = null
      addEventListener(kind: string, f: (e: MessageEvent<string>) => void) {
        heard.set(kind, f)
      }
      close() {}
    },
  )
  show('/logs?show=live')
  const pause = await screen.findByRole('button', { name: 'Pause' })
  const say = (text: string) => heard.get('line')?.(new MessageEvent('line', { data: JSON.stringify({ ...line, line: text }) }))
  await waitFor(() => expect(heard.has('line')).toBe(true))
  heard.get('hello')?.(new MessageEvent('hello', { data: '{}' }))
  say('first')
  expect(await screen.findByText('first')).toBeDefined()
  fireEvent.click(pause)
  say('second')
  expect(await screen.findByText('Paused; 1 line waits.')).toBeDefined()
  expect(screen.queryByText('second')).toBeNull()
  fireEvent.click(screen.getByRole('button', { name: 'Go on' }))
  const rows = screen.getAllByRole('listitem').map((li) => li.textContent ?? '')
  expect(rows[0]).toContain('second')
  expect(rows[1]).toContain('first')
})
