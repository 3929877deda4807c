import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import Editor from './editor.tsx'

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test('the editor shows its query, follows it, and tells of a change and of Enter', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"status":"success","data":[]}')))
  const changes: string[] = []
  const submitted: string[] = []
  const show = (value: string) => <Editor value={value} label="PromQL of query A" onChange={(t) => changes.push(t)} onSubmit={(t) => submitted.push(t)} />
  const { rerender, unmount } = render(show('sum(up)'))
  const box = screen.getByLabelText('PromQL of query A')
  expect(box.textContent).toBe('sum(up)')
  expect(box.getAttribute('data-filter')).toBe('') // where the key / goes
  rerender(show('rate(x[5m])'))
  await waitFor(() => expect(box.textContent).toBe('rate(x[5m])'))
  expect(changes).toEqual(['rate(x[5m])'])
  fireEvent.keyDown(box, { key: 'Enter' })
  expect(submitted).toEqual(['rate(x[5m])'])
  unmount()
  expect(screen.queryByLabelText('PromQL of query A')).toBeNull()
})
