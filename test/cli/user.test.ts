import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { type AskHidden, userCommands } from '../../src/cli/user.ts'
import { apiLimits } from '../../src/limits.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { openLoginLinks, saveWebAddress } from '../../src/security/login-links.ts'
import { openUsers } from '../../src/security/users.ts'
import { CHEAP, dataFolder, fakeLog, never, PASSWORD } from '../security/support.ts'

const SITE = `
gateway: { id: gateway-1, ward: Ward 3, data: there }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mllp-listen, id: hl7, port: 0 }]
`

type Ran = { readonly out: string[]; readonly notes: string[]; readonly error: unknown }

async function place() {
  const root = await dataFolder()
  const folder = join(root, 'ward')
  const run = async (words: readonly string[], { stdin = '', ask = null }: { stdin?: string; ask?: AskHidden } = {}): Promise<Ran> => {
    const out: string[] = []
    const notes: string[] = []
    const context: CliContext = {
      write: (line) => void out.push(line),
      note: (line) => void notes.push(line),
      stdin: (async function* () {
        // In pieces, as a pipe may bring it.
        for (const byte of Buffer.from(stdin)) yield Uint8Array.of(byte)
      })(),
      env: {},
      stop: never(),
      root,
      node: 'node',
      pid: 1,
      isTerminal: false,
      clockOf: realClock,
      parent: null,
    }
    const program = new Command('vigil').exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    userCommands(program, context, { ask, cost: CHEAP })
    for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) command.exitOverride()
    try {
      await program.parseAsync(['user', ...words], { from: 'user' })
      return { out, notes, error: null }
    } catch (error) {
      return { out, notes, error }
    }
  }
  const here = (...words: string[]): string[] => [...words, '--data', folder]
  const users = () => openUsers({ folder, clock: realClock(REAL_TIME), log: fakeLog(), cost: CHEAP })
  return { root, folder, run, here, users }
}

test('a user is added with the password from standard input, and may sign in', async () => {
  const { run, here, users } = await place()
  const { error, out } = await run(here('add', 'Anna', '--role', 'nurse'), { stdin: `${PASSWORD}\r\nnot this` })
  expect([error, out]).toEqual([null, []])
  expect(await (await users()).check('anna', PASSWORD)).toMatchObject({ kind: 'right', account: { role: 'nurse' } })
})

test('at a terminal the password is asked twice, and a slip changes nothing', async () => {
  const { run, here, users } = await place()
  const asked: string[] = []
  const answers = (...all: string[]): AskHidden => async (question) => {
    asked.push(question)
    return all.shift() ?? ''
  }
  expect((await run(here('add', 'anna', '--role', 'nurse'), { ask: answers(PASSWORD, `${PASSWORD}x`) })).error).toBeInstanceOf(CommandFailed)
  expect((await users()).find('anna')).toBeNull()
  expect((await run(here('add', 'anna', '--role', 'nurse'), { ask: answers(PASSWORD, PASSWORD) })).error).toBeNull()
  expect((await users()).find('anna')).not.toBeNull()
  expect(asked).toHaveLength(4)
})

test('what is wrong with the words is wrong use, what is wrong with the wish is a failure', async () => {
  const { run, here } = await place()
  expect((await run(here('add', 'anna', '--role', 'nurse'))).error).toBeInstanceOf(UsageError)
  expect((await run(here('add', 'anna'), { stdin: PASSWORD })).error).toMatchObject({ code: 'commander.missingMandatoryOptionValue' })
  expect((await run(here('add', 'anna', '--role', 'god'), { stdin: PASSWORD })).error).toMatchObject({ code: 'commander.invalidArgument' })
  const short = await run(here('add', 'anna', '--role', 'nurse'), { stdin: 'too short' })
  expect(short.error).toMatchObject({ name: 'CommandFailed', message: expect.stringContaining('15') })
  for (const words of [['disable', 'nobody'], ['enable', 'nobody'], ['link', 'nobody']]) expect((await run(here(...words))).error).toBeInstanceOf(CommandFailed)
  const tooLong = `${apiLimits.loginLinkMinutesMax + 1}`
  for (const words of ['', 'anna --role nurse', '--role nurse --minutes 0', `--role nurse --minutes ${tooLong}`, '--role nurse --url ward3']) {
    expect((await run(here('link', ...words.split(' ').filter(Boolean)))).error).toBeInstanceOf(UsageError)
  }
})

test('a PIN and a badge come from standard input, say who taps, and are taken away again', async () => {
  const { run, here, users } = await place()
  await run(here('add', 'anna', '--role', 'nurse'), { stdin: PASSWORD })
  expect((await run(here('pin', 'anna'), { stdin: '1234\n' })).error).toBeInstanceOf(CommandFailed)
  expect((await run(here('pin', 'anna'), { stdin: '' })).error).toBeInstanceOf(UsageError)
  const set = [await run(here('pin', 'anna'), { stdin: '4827\n' }), await run(here('badge', 'anna'), { stdin: 'B-0042-7719\n' })]
  expect(set.map(({ error, notes }) => [error, notes])).toEqual([[null, ['anna has a new PIN.']], [null, ['anna has a new badge.']]])
  expect((await (await users()).checkActor({ name: 'anna', pin: '4827' })).kind).toBe('right')
  expect((await (await users()).checkActor({ badge: 'B-0042-7719' })).kind).toBe('right')
  expect((await run(here('list'))).out[0]).toMatch(/^anna .* PIN, badge$/)
  await run(here('pin', 'anna', '--remove'))
  await run(here('badge', 'anna', '--remove'))
  expect((await users()).people()).toEqual([{ name: 'anna', pin: false, badge: false }])
})

test('a screen of the ward is a user of its own: a link for just anybody would never end', async () => {
  const { run, here } = await place()
  await run(here('add', 'screen-1', '--role', 'station'), { stdin: PASSWORD })
  expect((await run(here('link', '--role', 'station'))).error).toBeInstanceOf(UsageError)
  expect((await run(here('link', 'screen-1'))).out[0]).toContain('/login#token=')
})

test('list prints one JSON object a user and nothing secret', async () => {
  const { run, here } = await place()
  await run(here('add', 'bert', '--role', 'biomed'), { stdin: PASSWORD })
  await run(here('add', 'anna', '--role', 'nurse'), { stdin: PASSWORD })
  await run(here('disable', 'BERT'))
  const { out } = await run(here('list', '--json'))
  expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
    { name: 'anna', role: 'nurse', disabled: false, pin: false, badge: false, createdAt: expect.stringMatching(/^20.*Z$/) },
    { name: 'bert', role: 'biomed', disabled: true, pin: false, badge: false, createdAt: expect.stringMatching(/^20.*Z$/) },
  ])
  expect((await run(here('list'))).out[1]).toMatch(/^bert +biomed +disabled since 20/)
})

test('disable keeps out, enable lets in, a new password replaces the old', async () => {
  const { run, here, users } = await place()
  await run(here('add', 'anna', '--role', 'nurse'), { stdin: PASSWORD })
  await run(here('disable', 'anna'))
  expect((await users()).find('anna')).toBeNull()
  expect((await run(here('link', 'anna'))).error).toBeInstanceOf(CommandFailed)
  await run(here('enable', 'anna'))
  await run(here('password', 'anna'), { stdin: `${PASSWORD} more` })
  const now = await users()
  expect(await now.check('anna', PASSWORD)).toEqual({ kind: 'wrong' })
  expect(await now.check('anna', `${PASSWORD} more`)).toMatchObject({ kind: 'right' })
})

test('a link is the only thing on standard output, works once, and names whom it signs in', async () => {
  const { run, here, folder } = await place()
  await run(here('add', 'anna', '--role', 'nurse'), { stdin: PASSWORD })
  await saveWebAddress(folder, 'http://127.0.0.1:8080')
  const links = openLoginLinks({ folder, clock: realClock(REAL_TIME) })
  const { out } = await run(here('link', 'anna'))
  expect(out).toHaveLength(1)
  const url = new URL(out[0] ?? '')
  expect([url.origin, url.pathname]).toEqual(['http://127.0.0.1:8080', '/login'])
  const token = url.hash.replace('#token=', '')
  expect(await links.take(token)).toMatchObject({ name: 'anna', role: 'nurse' })
  expect(await links.take(token)).toBeNull()
  const json = JSON.parse((await run(here('link', '--role', 'biomed', '--json', '--url', 'https://ward3.example/'))).out[0] ?? '') as { link: string }
  expect(json).toMatchObject({ name: 'biomed by link', role: 'biomed', expiresAt: expect.stringMatching(/Z$/) })
  expect(json.link).toMatch(/^https:\/\/ward3\.example\/login#token=[\w-]{43}$/)
})

test('without an address the link says what to put in front', async () => {
  const { run, here } = await place()
  const { out, notes } = await run(here('link', '--role', 'nurse'))
  expect(out[0]).toMatch(/^\/login#token=/)
  expect(notes.join()).toContain('put it in front')
})

test('without a folder the demo is meant; a site file names its own', async () => {
  const { run, root } = await place()
  await run(['add', 'anna', '--role', 'nurse'], { stdin: PASSWORD })
  expect(await readFile(join(root, '.vigil', 'demo', 'users.json'), 'utf8')).toContain('anna')
  await writeFile(join(root, 'good.yaml'), SITE)
  expect((await run(['add', 'bert', '--role', 'biomed', '--config', join(root, 'good.yaml')], { stdin: PASSWORD })).error).toBeNull()
  expect(await readFile(join(root, 'there', 'users.json'), 'utf8')).toContain('bert')
  await writeFile(join(root, 'site.yaml'), 'nonsense: true\n')
  expect((await run(['list', '--config', join(root, 'site.yaml')])).error).toBeInstanceOf(UsageError)
  expect((await run(['list', '--config', 'a', '--data', 'b'])).error).toMatchObject({ code: 'commander.conflictingOption' })
})

test('a damaged users file is named and left alone', async () => {
  const { run, here, folder } = await place()
  await run(here('add', 'anna', '--role', 'nurse'), { stdin: PASSWORD })
  await writeFile(join(folder, 'users.json'), 'damaged')
  for (const words of [['list'], ['disable', 'anna'], ['link', 'anna']]) {
    expect((await run(here(...words))).error).toMatchObject({ name: 'CommandFailed', message: expect.stringContaining('damaged') })
  }
  expect(await readFile(join(folder, 'users.json'), 'utf8')).toBe('damaged')
})
