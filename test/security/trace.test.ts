import { expect, it } from 'vitest'
import { traceOf, traceText } from '../../src/security/trace.ts'

it('shows where an error was thrown and never what it says, which may quote a patient', () => {
  let thrown: unknown = null
  try {
    JSON.parse('{"name": Quist\n    at Pelle')
  } catch (error) {
    thrown = error
  }
  expect(String(thrown)).toContain('Quist')
  expect(traceText(thrown)).toMatch(/^SyntaxError\n.*trace\.test\.ts:\d+:\d+/s)
  expect(JSON.stringify(traceOf(thrown)) + traceText(thrown)).not.toMatch(/Quist|Pelle/)
  expect(traceText('Quist')).toBe('string')
})

it('tells what the system says of a port or a disk', () => {
  const error = Object.assign(new Error('listen EADDRINUSE: address already in use 0.0.0.0:2575'), { code: 'EADDRINUSE', syscall: 'listen' })
  expect(traceText(error)).toContain('EADDRINUSE: address already in use')
})
