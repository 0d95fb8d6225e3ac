import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { register } from '../../../src/cli/central.ts'
import { CommandFailed, UsageError } from '../../../src/cli/context.ts'
import type { CliContext } from '../../../src/cli/context.ts'
import { centralLimits } from '../../../src/limits.ts'
import { TOKEN, fakeClock } from './fixture.ts'
import { freshFolder } from './folder.ts'

let folder: string
beforeAll(async () => {
  folder = await freshFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `vigil central` with these arguments, as main.ts would run it. */
function vigil(args: readonly string[], env: Readonly<Record<string, string>> = {}, isChild = true) {
  const stopping = new AbortController()
  const lines: string[] = []
  const messages: object[] = []
  const { promise: ready, resolve } = Promise.withResolvers<string>()
  const context: CliContext = {
    write: line => {
      lines.push(line)
      resolve(line)
    },
    note: () => undefined,
    stdin: (async function* () {})(),
    env,
    stop: stopping.signal,
    root: '.',
    node: 'node',
    pid: 1,
    isTerminal: false,
    clockOf: () => fakeClock(),
    parent: isChild ? { send: message => messages.push(message), onMessage: () => undefined } : null,
  }
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  register(program, context)
  const command = program.commands[0]
  command?.exitOverride().configureOutput({ writeErr: () => undefined })
  return { done: program.parseAsync(['central', ...args], { from: 'user' }), ready, lines, messages, stop: () => stopping.abort() }
}

describe('vigil central', () => {
  test('says where it listens, on stdout and to its parent, and ends when it is stopped', async () => {
    const run = vigil(['--data', folder], { VIGIL_CENTRAL_TOKEN: TOKEN })
    const { type, url } = JSON.parse(await run.ready)
    expect(type).toBe('ready')
    expect(run.messages).toEqual([{ type: 'ready', url }])
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await fetch(`${url}/api/v1/patients`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200)
    run.stop()
    await run.done
    expect(run.lines).toHaveLength(1)
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })

  test('takes the token from a file, with its newline', async () => {
    const path = join(folder, 'token')
    writeFileSync(path, `${TOKEN}\n`)
    const run = vigil(['--token-file', path, '--data', folder], {}, false)
    const { url } = JSON.parse(await run.ready)
    expect((await fetch(`${url}/api/v1/patients`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200)
    run.stop()
    await run.done
  })

  test('wants a token that keeps people out', async () => {
    await expect(vigil([]).done).rejects.toThrow(UsageError)
    await expect(vigil([], { VIGIL_CENTRAL_TOKEN: 'short' }).done).rejects.toThrow(UsageError)
    await expect(vigil(['--token-env', 'ELSEWHERE'], { VIGIL_CENTRAL_TOKEN: TOKEN }).done).rejects.toThrow(/ELSEWHERE/)
    await expect(vigil(['--token-file', join(folder, 'missing')]).done).rejects.toThrow(UsageError)
  })

  const WRONG = [['--port', '65536'], ['--port', 'x'], ['--port', '-1'], ['--speed', '0'], ['--speed', ''], ['--token', TOKEN]]
  test.each(WRONG)('refuses %s %s', async (option = '', value = '') => {
    await expect(vigil([option, value], { VIGIL_CENTRAL_TOKEN: TOKEN }).done).rejects.toThrow()
  })

  test('says so when it cannot start', async () => {
    await expect(vigil([], { VIGIL_CENTRAL_TOKEN: TOKEN, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing' }).done).rejects.toThrow(CommandFailed)
    const first = vigil(['--data', folder], { VIGIL_CENTRAL_TOKEN: TOKEN })
    const { port } = new URL(JSON.parse(await first.ready).url)
    await expect(vigil(['--data', folder], { VIGIL_CENTRAL_TOKEN: TOKEN }).done).rejects.toThrow(/did not start: another central uses/)
    const other = await freshFolder()
    await expect(vigil(['--port', port, '--data', other], { VIGIL_CENTRAL_TOKEN: TOKEN }).done).rejects.toThrow(/did not start: .*EADDRINUSE/)
    rmSync(other, { recursive: true })
    first.stop()
    await first.done
  })
})

describe('organisations and brokers of vigil central', () => {
  const withFile = async (content: string): Promise<void> => {
    const path = join(folder, 'organizations.json')
    writeFileSync(path, content)
    await vigil(['--organizations', path], { VIGIL_CENTRAL_TOKEN: TOKEN }).done
  }

  test('wants a token of its own for each organisation', async () => {
    const tooMany = Object.fromEntries(Array.from({ length: centralLimits.organizationsMax + 1 }, (_, index) => [`o${index}`, `a-token-of-its-own-${index}`]))
    for (const content of ['', '[]', '{}', '{"a":"short"}', '{"a":7}', '{"a":"the-same-token-for-two","b":"the-same-token-for-two"}', JSON.stringify(tooMany)]) {
      await expect(withFile(content)).rejects.toThrow(UsageError)
    }
    await expect(vigil(['--organizations', join(folder, 'missing')], { VIGIL_CENTRAL_TOKEN: TOKEN }).done).rejects.toThrow(/cannot be read/)
  })

  test.each(['--kafka', '--nats'])('wants to be told whose messages %s brings', async option => {
    await expect(vigil([option, 'localhost:1'], { VIGIL_CENTRAL_TOKEN: TOKEN }).done).rejects.toThrow(/--organization/)
  })
})
