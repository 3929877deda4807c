import { afterEach, expect, test, vi } from 'vitest'
import { ApiError, address, api } from './client.ts'

afterEach(() => vi.unstubAllGlobals())

function answering(status: number, body: string, headers: Record<string, string> = {}) {
  const f = vi.fn(() => Promise.resolve(new Response(body, { status, headers })))
  vi.stubGlobal('fetch', f)
  return f
}

test('addresses leave out what is empty and escape the rest', () => {
  expect(address('/x')).toBe('/x')
  expect(address('/x', { a: '', b: undefined, query: 'up{a="b&c"}', limit: 5 })).toBe('/x?query=up%7Ba%3D%22b%26c%22%7D&limit=5')
})

test('an answer is returned as it is', async () => {
  const f = answering(200, '{"incidents":[],"more":false}')
  expect(await api.incidents({ state: 'open', limit: 3 })).toEqual({ incidents: [], more: false })
  expect(f).toHaveBeenCalledWith('/api/v1/tocsin/incidents?state=open&limit=3', expect.anything())
})

test('band times go out in seconds', async () => {
  const f = answering(200, '{"series":{},"unit":"","points":[]}')
  await api.band('up', 1500, 2500, 15)
  expect(f).toHaveBeenCalledWith('/api/v1/tocsin/band?query=up&start=1.5&end=2.5&step=15', expect.anything())
})

test('an id cannot leave its path', async () => {
  const f = answering(200, '{}')
  await api.incident('../status?x')
  expect(f).toHaveBeenCalledWith('/api/v1/tocsin/incidents/..%2Fstatus%3Fx', expect.anything())
})

test('acting posts who and why', async () => {
  const f = answering(200, '{}')
  await api.act('i1', 'ack', 'on-call', 'on it')
  expect(f).toHaveBeenCalledWith('/api/v1/tocsin/incidents/i1/ack', expect.objectContaining({ method: 'POST', body: '{"actor":"on-call","note":"on it"}' }))
})

test("a refusal carries the daemon's sentence", async () => {
  answering(404, '{"error":"there is no incident \\"x\\"","code":"not_found","request_id":"r1","retryable":false}')
  await expect(api.incident('x')).rejects.toMatchObject({ message: 'there is no incident "x"', status: 404, requestId: 'r1', retryable: false })
})

test('not ready is retryable', async () => {
  answering(503, '{"error":"not ready: replaying","code":"unavailable","request_id":"r2","retryable":true}')
  await expect(api.status()).rejects.toMatchObject({ retryable: true })
})

test("a proxy's page is not shown, its status is", async () => {
  answering(502, '<html>Bad gateway</html>', { 'X-Request-Id': 'p1' })
  await expect(api.status()).rejects.toMatchObject({ message: 'The daemon answered 502 without saying why.', retryable: true, requestId: 'p1' })
})

test('no answer is a sentence, and retryable', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
  await expect(api.status()).rejects.toMatchObject({ status: 0, retryable: true, message: expect.stringContaining('does not answer') as string })
})

test('an aborted request stays an abort', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new DOMException('gone', 'AbortError')))
  await expect(api.status()).rejects.not.toBeInstanceOf(ApiError)
})
