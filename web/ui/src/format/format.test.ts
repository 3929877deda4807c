import { describe, expect, test } from 'vitest'
import { safeLink } from './link.ts'
import { coarse, count, figure, points, probability, score, seconds, span } from './number.ts'
import { arrows, selector } from './text.ts'
import { clock, isSet, local, utc } from './time.ts'

describe('figure', () => {
  test.each([
    [0.142, 'ratio', '14.2%'],
    [1, 'ratio', '100%'],
    [0.00812, 'ratio', '0.812%'],
    [91.4, 'percent', '91.4%'],
    [0.312, 'seconds', '312 ms'],
    [1.84, 'seconds', '1.84 s'],
    [0.000012, 'seconds', '12 µs'],
    [0, 'seconds', '0 s'],
    [7500, 'seconds', '2 h 5 min'],
    [1536, 'bytes', '1.5 KiB'],
    [0, 'bytes', '0 B'],
    [5 * 1024 ** 3, 'bytes', '5 GiB'],
    [88.4, 'per_second', '88.4/s'],
    [12_300_000, '', '12.3M'],
    [-0.5, '', '-0.5'],
    [0.0000012, '', '1.2e-6'],
    [null, 'ratio', '–'],
    [undefined, '', '–'],
    [Infinity, '', '–'],
  ])('%s in %s is %s', (v, unit, want) => expect(figure(v, unit)).toBe(want))
})

test.each([
  [9999, '9,999'],
  [10_000, '10k'],
  [3_214_556_021, '3.21G'],
  [2.5e12, '2.5T'],
  [-45_000, '-45k'],
])('count of %s is %s', (v, want) => expect(count(v)).toBe(want))

test.each([
  [0, '0 s'],
  [119_000, '119 s'],
  [14 * 60_000, '14 min'],
  [3 * 3600_000, '3 h'],
  [185 * 60_000, '3 h 5 min'],
  [49 * 3600_000, '2 d 1 h'],
  [48 * 3600_000, '2 d'],
  [20 * 86400_000 + 3600_000, '20 d'],
])('span of %s is %s', (ms, want) => expect(span(ms)).toBe(want))

test.each([
  [-40_000, '40 s'],
  [14 * 60_000, '14 min'],
  [27.8 * 3600_000, '27 h'],
  [50 * 3600_000, '2 d'],
])('coarse span of %s is %s', (ms, want) => expect(coarse(ms)).toBe(want))

test('seconds keep their sign', () => expect(seconds(-0.25)).toBe('-250 ms'))

test.each([
  [0, '0%'],
  [0.004, '<1%'],
  [0.91, '91%'],
  [0.996, '>99%'],
  [1, '100%'],
])('probability %s is %s', (p, want) => expect(probability(p)).toBe(want))

test('points have a sign and a true minus', () => {
  expect(points(2.6)).toBe('+2.6')
  expect(points(-0.5)).toBe('\u22120.5')
})

test.each([
  [0.5, '0.5'],
  [0.95, '0.95'],
  [0.9998, '0.9998'],
  [0.999999, '>0.99999'],
  [1, '>0.99999'],
  [null, '–'],
])('score %s is %s, never rounded up', (v, want) => expect(score(v)).toBe(want))

describe('time, in Berlin', () => {
  const now = new Date('2026-03-04T12:00:00Z')
  test('today has no day', () => expect(local(new Date('2026-03-04T08:05:09Z'), now)).toBe('09:05:09'))
  test('another day has one, of the local zone', () => expect(local(new Date('2026-03-02T23:30:00Z'), now)).toBe('3 Mar 00:30'))
  test('another year has one', () => expect(local(new Date('2025-07-01T00:00:00Z'), now)).toBe('1 Jul 2025 02:00'))
  test('utc is for pasting', () => expect(utc(now)).toBe('2026-03-04 12:00:00 UTC'))
  test('clock without seconds', () => expect(clock(now, false)).toBe('13:00'))
  test('the zero time of Go is not set', () => {
    expect(isSet('0001-01-01T00:00:00Z')).toBe(false)
    expect(isSet(undefined)).toBe(false)
    expect(isSet('2026-03-04T12:00:00Z')).toBe(true)
  })
})

test.each([
  ['https://ci.example.com/1', 'https://ci.example.com/1'],
  ['http://x', 'http://x/'],
  ['javascript:alert(1)', undefined],
  [' javascript:alert(1)', undefined],
  ['JAVASCRIPT:alert(1)', undefined],
  ['data:text/html,x', undefined],
  ['//evil.example', undefined],
  ['/relative', undefined],
  ['', undefined],
  [undefined, undefined],
])('link %s becomes %s', (href, want) => expect(safeLink(href)).toBe(want))

test.each([
  ['{__name__="up", job="a", x="b"}', 'up{job="a",x="b"}'],
  ['{__name__="up"}', 'up'],
  ['up{job="a"}', 'up{job="a"}'],
  ['{__name__=~"up.*"}', '{__name__=~"up.*"}'],
  ['{__name__="odd name",a="b"}', '{__name__="odd name",a="b"}'],
  ['', ''],
])('the selector %s is written %s', (query, want) => expect(selector(query)).toBe(want))

test('arrows', () => expect(arrows('v41 -> v42, a->b')).toBe('v41 → v42, a->b'))
