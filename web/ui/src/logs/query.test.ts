import { describe, expect, test } from 'vitest'
import { logAddress, namable, narrow, parseLogView, place, select } from './query.ts'

test.each([
  ['', 'trace_id', 'ab', '{} | trace_id="ab"'],
  ['{a="b"} |= "x"', 'pod', 'c-1', '{a="b"} |= "x" | pod="c-1"'],
  ['{} | pod="c-1"', 'pod', 'c-1', '{} | pod="c-1"'],
  ['{} | pod="c-1" | a="b"', 'pod', 'c-1', '{} | pod="c-1" | a="b"'],
  ['{}', 'say', 'a "b"', '{} | say="a \\"b\\""'],
])('%s narrowed to %s %s is %s', (query, name, value, want) => expect(narrow(query, name, value)).toBe(want))

test.each([
  ['', '{service_name="pay"}'],
  ['{}', '{service_name="pay"}'],
  ['{ } |= "x"', '{service_name="pay"} |= "x"'],
  ['{a="b"}', '{service_name="pay", a="b"}'],
  ['{service_name="pay"} |= "x"', '{service_name="pay"} |= "x"'],
])('%s for one service is %s', (query, want) => expect(select(query, 'service_name', 'pay')).toBe(want))

test('a name with other signs cannot be asked for', () => {
  expect(namable('user_id')).toBe(true)
  expect(namable('user.id')).toBe(false)
})

describe('the place of an error', () => {
  test('is the column that the daemon names', () => {
    expect(place('parse error at line 1, col 11: syntax error: unexpected "foo", want json')).toEqual({ column: 11, why: 'unexpected "foo", want json' })
    expect(place('parse error at line 1, col 1: want a query for log lines, got one for series')).toEqual({ column: 1, why: 'want a query for log lines, got one for series' })
  })
  test('is not known of other errors', () => expect(place('this daemon keeps no logs')).toBeNull())
})

test('a view comes back from its address, and what is wrong in one counts as not said', () => {
  const v = { query: '{a="b"} |= "x&y"', show: 'templates', range: 300, end: 1_700_000_000 } as const
  expect(parseLogView(new URLSearchParams(logAddress(v).split('?')[1]))).toEqual(v)
  expect(logAddress(parseLogView(new URLSearchParams('range=-1&end=soon&show=all')))).toBe('/logs')
  expect(parseLogView(new URLSearchParams({ query: '{a="b"}\n  | json' })).query).toBe('{a="b"} | json')
})
