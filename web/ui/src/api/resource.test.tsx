import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from './client.ts'
import { useResource } from './resource.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const pass = (ms = 0) => act(() => vi.advanceTimersByTimeAsync(ms))

test('loads, and again after the refresh time', async () => {
  let n = 0
  const { result } = renderHook(() => useResource('a', () => Promise.resolve(++n), 1000))
  expect(result.current.loading).toBe(true)
  await pass()
  expect(result.current).toMatchObject({ data: 1, loading: false, error: undefined })
  await pass(1000)
  expect(result.current.data).toBe(2)
})

test('without a refresh time it loads once', async () => {
  const load = vi.fn(() => Promise.resolve(1))
  renderHook(() => useResource('a', load))
  await pass(60_000)
  expect(load).toHaveBeenCalledTimes(1)
})

test('a retryable error keeps the data and tries again', async () => {
  const load = vi.fn().mockResolvedValueOnce(1).mockRejectedValueOnce(new ApiError('starting', 503, true)).mockResolvedValue(2)
  const { result } = renderHook(() => useResource('a', load as () => Promise<number>, 1000))
  await pass()
  await pass(1000)
  expect(result.current).toMatchObject({ data: 1, loading: false })
  expect(result.current.error?.message).toBe('starting')
  await pass(4000)
  expect(result.current).toMatchObject({ data: 2, error: undefined })
})

test('a final error is not tried again until asked', async () => {
  const load = vi.fn().mockRejectedValue(new ApiError('no such', 404, false))
  const { result } = renderHook(() => useResource('a', load as () => Promise<number>))
  await pass(60_000)
  expect(load).toHaveBeenCalledTimes(1)
  await act(async () => result.current.reload())
  await pass()
  expect(load).toHaveBeenCalledTimes(2)
})

test('another key forgets the data at once, and a late answer to the old one', async () => {
  const answers: ((v: string) => void)[] = []
  const load = () => new Promise<string>((done) => answers.push(done))
  const { result, rerender } = renderHook(({ key }) => useResource(key, load), { initialProps: { key: 'a' } })
  rerender({ key: 'b' })
  answers[0]?.('of a')
  await pass()
  expect(result.current).toMatchObject({ data: undefined, loading: true })
  answers[1]?.('of b')
  await pass()
  expect(result.current.data).toBe('of b')
})

test('a hidden page asks nothing, and what fell due once it is shown', async () => {
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  const load = vi.fn(() => Promise.resolve(1))
  renderHook(() => useResource('a', load, 1000))
  await pass(5000)
  expect(load).toHaveBeenCalledTimes(1)
  hidden.mockReturnValue(false)
  document.dispatchEvent(new Event('visibilitychange'))
  await pass()
  expect(load).toHaveBeenCalledTimes(2)
  document.dispatchEvent(new Event('visibilitychange'))
  await pass(999)
  expect(load).toHaveBeenCalledTimes(2)
  await pass(1)
  expect(load).toHaveBeenCalledTimes(3)
  hidden.mockRestore()
})
