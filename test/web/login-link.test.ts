import { describe, expect, test } from 'vitest'
import { linkPath } from '../../src/security/login-links.ts'
import { tokenIn } from '../../src/web/login-link.ts'

describe('login links', () => {
  test('that the gateway makes are understood', () => {
    expect(tokenIn(new URL(linkPath('abc_DEF-1'), 'http://ward').hash)).toBe('abc_DEF-1')
  })

  test('may carry the token alone, or nothing', () => {
    expect(tokenIn('#abc')).toBe('abc')
    expect([tokenIn(''), tokenIn('#'), tokenIn('#token=')]).toEqual([null, null, null])
  })
})
