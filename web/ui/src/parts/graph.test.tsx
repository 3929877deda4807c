import { MantineProvider } from '@mantine/core'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import type { TopologyEdge, TopologyNode } from '../api/nouns.ts'
import { Graph, edgeText, short } from './graph.tsx'
import { layout } from './layout.ts'

afterEach(cleanup)

const edge = (from: string, to: string, change: Partial<TopologyEdge> = {}): TopologyEdge => ({
  from, to, kind: 'calls', sources: ['spans'], weight: 1, calls_per_second: 41, error_ratio: 0.07, client_p50_seconds: 1.9, server_p50_seconds: 1.8, gap_p50_seconds: 0.1, ...change,
})
const node = (name: string, change: Partial<TopologyNode> = {}): TopologyNode => ({
  name, kind: 'service', requests_per_second: 41, error_ratio: 0.07, p95_seconds: 2.4, self_p90_seconds: 1.9, incidents: [], ...change,
})

function places(edges: [string, string][]): string {
  const names = [...new Set(edges.flat())]
  const at = layout(names.map((name) => ({ name })), edges.map(([from, to]) => ({ from, to })))
  return names.sort().map((n) => `${n}${at.get(n)?.column},${at.get(n)?.row}`).join(' ')
}

test('who is called stands right of all that call it', () => {
  expect(places([['a', 'b'], ['b', 'c'], ['a', 'c']])).toBe('a0,0 b1,0 c2,0')
})

test('calls in a circle do not hang, and all have a place', () => {
  expect(places([['a', 'b'], ['b', 'a']])).toBe('a0,0 b1,0')
  expect(places([['x', 'a'], ['a', 'b'], ['b', 'c'], ['c', 'a']])).toBe('a1,0 b2,0 c3,0 x0,0')
})

test('no two nodes have one place in a large graph', () => {
  const edges: [string, string][] = []
  for (let i = 0; i < 300; i++) edges.push([`n${(i * 7) % 90}`, `n${(i * 31 + 5) % 90}`])
  const at = places(edges).split(' ').map((p) => p.replace(/^n\d+?(?=\d+,)/, ''))
  expect(at.length).toBeGreaterThan(50)
  const names = [...new Set(edges.flat())]
  const spots = layout(names.map((name) => ({ name })), edges.map(([from, to]) => ({ from, to })))
  expect(new Set([...spots.values()].map((p) => `${p.column},${p.row}`)).size).toBe(names.length)
})

test('a node says its figures and what burns to those who do not see it', () => {
  render(
    <MantineProvider>
      <Graph nodes={[node('web'), node('pay', { incidents: [{ id: 'i', title: 'pay is slow', state: 'open', severity: 'critical' }] })]} edges={[edge('web', 'pay')]} href={(n) => `/topology?service=${n}`} />
    </MantineProvider>,
  )
  const pay = screen.getByRole('link', { name: /pay/ })
  expect(pay.getAttribute('aria-label')).toBe('pay: 41/s requests, 7% fail, p95 2.4 s: 1 open, critical')
  expect(pay.getAttribute('href')).toBe('/topology?service=pay')
  expect(screen.getByText(/41\/s, 7% fail/).textContent).toBe('web calls pay, 41/s, 7% fail, 1.9 s for the client, 100 ms of it between the two')
})

test('an edge says only what is known', () => {
  expect(edgeText(edge('a', 'box', { kind: 'runs_on', calls_per_second: null, error_ratio: null, client_p50_seconds: null, gap_p50_seconds: null }))).toBe('a runs on box')
})

test('long names keep both ends', () => {
  expect(short('checkout')).toBe('checkout')
  expect(short('a-very-long-service-name-of-ours')).toBe('a-very-long-\u2026e-of-ours')
})

test('what is asked about is scrolled to', () => {
  render(
    <MantineProvider>
      <Graph nodes={[node('a'), node('b'), node('c')]} edges={[edge('a', 'b'), edge('b', 'c')]} href={(n) => n} centre="c" />
    </MantineProvider>,
  )
  expect(screen.getByRole('group', { name: 'Service graph' }).scrollLeft).toBeGreaterThan(500)
})
