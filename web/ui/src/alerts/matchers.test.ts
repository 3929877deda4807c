import { expect, test } from 'vitest'
import { exact, matcher, matcherText, matches, operators, parts } from './matchers.ts'
import { reach } from './silence-form.tsx'

test.each([
  ['a="b"', matcher('a', '=', 'b')],
  ['a!="b"', matcher('a', '!=', 'b')],
  ['a=~"b.*"', matcher('a', '=~', 'b.*')],
  ['a!~"\\"b"', matcher('a', '!~', '"b')],
  ['a="b"', { name: 'a', value: 'b', isRegex: false }],
])('a matcher is written %s', (want, m) => expect(matcherText(m)).toBe(want))

const labels = { alertname: 'Down', service: 'pay' }

test.each([
  [[matcher('service', '=', 'pay')], true],
  [[matcher('service', '=~', 'p.*')], true],
  [[matcher('service', '=~', 'pa')], false],
  [[matcher('service', '!~', 'c.*'), matcher('alertname', '!=', 'Up')], true],
  [[matcher('service', '=', 'pay'), matcher('alertname', '=', 'Up')], false],
  [[matcher('pod', '=', '')], true],
  [[matcher('pod', '!=', '')], false],
  [[matcher('service', '=~', '(')], null],
])('%j pass: %s', (list, want) => expect(matches(list, labels)).toBe(want))

test('every operator comes back from its matcher', () => {
  for (const op of operators) expect(matcherText(matcher('a', op, 'b'))).toBe(`a${op}"b"`)
})

test('what is like an alert passes and nothing else', () => {
  expect(matches(exact(labels), labels)).toBe(true)
  expect(matches(exact(labels), { ...labels, service: 'cart' })).toBe(false)
  expect(parts(labels)).toEqual({ name: 'Down', rest: ['service=pay'] })
})

test('the form says what it would hold back', () => {
  const two = [labels, { ...labels, service: 'cart' }]
  expect(reach([], two)).toBe('Name at least one label.')
  expect(reach([matcher('service', '=', 'pay')], two)).toBe('One alert of the 2 that stand now passes.')
  expect(reach([matcher('alertname', '=', 'Down')], two)).toBe('2 alerts of the 2 that stand now pass.')
  expect(reach([matcher('service', '=', 'x')], two)).toBe('No alert that stands now passes.')
  expect(reach([matcher('service', '=~', '(')], two)).toMatch(/cannot be read/)
})
