import { afterEach, expect, test, vi } from 'vitest'
import { exemplars, floats, queryInstant, queryRange, rows } from './prometheus.ts'

afterEach(() => vi.unstubAllGlobals())

function answering(body: unknown, status = 200) {
  const fetched = vi.fn((_path: string, _init: RequestInit) => Promise.resolve(new Response(JSON.stringify(body), { status })))
  vi.stubGlobal('fetch', fetched)
  return fetched
}

test('a range query goes as a form and comes back with its cost and warnings', async () => {
  const fetched = answering({
    data: { resultType: 'matrix', result: [{ metric: { a: '1' }, values: [[1, '2']] }], stats: { samples: { totalQueryableSamples: 7 } } },
    warnings: ['w'],
    infos: ['i'],
  })
  const got = await queryRange('up + 1', 10, 20, 5)
  expect(got).toMatchObject({ series: [{ metric: { a: '1' }, values: [[1, '2']] }], warnings: ['w', 'i'], samples: 7, histograms: false })
  const [path, init] = fetched.mock.calls[0] ?? ['', {}]
  expect(path).toBe('/api/v1/query_range')
  expect(init.method).toBe('POST')
  expect(String(init.body)).toBe('query=up+%2B+1&start=10&end=20&step=5&stats=true')
})

test('native histograms are drawn by their count, in order of time', () => {
  const got = floats([{ metric: {}, values: [[3, '9']], histograms: [[1, { count: '5', sum: '1' }]] }])
  expect(got).toEqual({ histograms: true, series: [{ metric: {}, values: [[1, '5'], [3, '9']] }] })
})

test('each kind of instant answer has rows', async () => {
  expect(rows('scalar', [1, '42'])).toEqual([{ metric: {}, value: '42' }])
  expect(rows('vector', [{ metric: { a: '1' }, value: [1, '2'] }, { metric: {}, histogram: [1, { count: '3', sum: '4' }] }])).toEqual([
    { metric: { a: '1' }, value: '2' },
    { metric: {}, value: 'count 3, sum 4' },
  ])
  expect(rows('matrix', [{ metric: {}, values: [[1, '2'], [3, '4']] }])).toEqual([{ metric: {}, value: '2 @1\n4 @3' }])
  answering({ data: { resultType: 'string', result: [1, 'text'] } })
  expect(await queryInstant('"text"', 1)).toMatchObject({ kind: 'string', rows: [{ value: 'text' }], samples: null })
})

test('exemplars of all series are one list', async () => {
  answering({ data: [{ exemplars: [{ labels: { trace_id: 'a' }, value: '1', timestamp: 2 }] }, { exemplars: [{ labels: {}, value: '3', timestamp: 4 }] }] })
  expect(await exemplars('up', 0, 9)).toHaveLength(2)
  answering({ data: null })
  expect(await exemplars('1', 0, 9)).toEqual([])
})

test("what Prometheus' API refuses is told in its words", async () => {
  answering({ status: 'error', errorType: 'bad_data', error: '1:5: parse error: unexpected end of input' }, 400)
  await expect(queryRange('sum(', 0, 9, 1)).rejects.toMatchObject({ status: 400, message: '1:5: parse error: unexpected end of input' })
})
