import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPassword, hashOfNobody, hashPassword, isPasswordHash, weaknessOf } from '../../src/security/passwords.ts'
import { CHEAP, PASSWORD } from './support.ts'

test('the right password and no other opens its hash', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), async (mine, other) => {
      const stored = await hashPassword(mine, CHEAP)
      expect(await checkPassword(mine, stored)).toBe(true)
      expect(await checkPassword(other, stored)).toBe(mine.normalize('NFKC') === other.normalize('NFKC'))
    }),
    { numRuns: 50 },
  )
})

test('the same letters from another keyboard are the same password', async () => {
  expect(await checkPassword('Schwester Zoe\u0308 Mu\u0308ller', await hashPassword('Schwester Zoë Müller', CHEAP))).toBe(true)
})

test('two hashes of one password differ', async () => {
  expect(await hashPassword(PASSWORD, CHEAP)).not.toBe(await hashPassword(PASSWORD, CHEAP))
})

test('an older, cheaper hash still opens after the cost has risen', async () => {
  expect(await checkPassword(PASSWORD, await hashPassword(PASSWORD, { logN: 5, r: 2, p: 2 }))).toBe(true)
})

const REST = `${'a'.repeat(22)}:${'a'.repeat(43)}`

test.each(['', 'x', 'scrypt:4:1:1::', `scrypt:99:8:1:${REST}`, `scrypt:4:1:0:${REST}`, `bcrypt:4:1:1:${REST}`])(
  'what is no hash of ours opens for nobody, and costs no memory: %#',
  async (stored) => {
    expect(isPasswordHash(stored)).toBe(false)
    expect(await checkPassword('', stored)).toBe(false)
  },
)

test.each([
  ['too short', 'fourteen chars', 'at least 15 characters'],
  ['one letter', 'a'.repeat(15), 'five different'],
  ['the name', 'anna1234annaanna', 'user name'],
  ['too long', 'abcdefgh'.repeat(32) + 'i', 'at most 256'],
])('a password that is %s is refused in words', (_, password, why) => {
  expect(weaknessOf(password, 'anna')).toContain(why)
})

test('fifteen characters are enough, and characters are counted, not bytes', () => {
  expect(weaknessOf('fifteen chars !', 'anna')).toBeNull()
  expect(weaknessOf('äöüß日本語テスト漢字仮', 'anna')).toContain('15')
})

test('the hash of nobody looks like any other, is no password\'s, and is never the same twice', async () => {
  const cost = { logN: 4, r: 8, p: 1 }
  const [one, two] = [hashOfNobody(cost), hashOfNobody(cost)]
  expect(isPasswordHash(one)).toBe(true)
  expect(one).not.toBe(two)
  for (const password of ['', 'correct horse battery staple', one]) expect(await checkPassword(password, one)).toBe(false)
})
