import { mkdirSync, rmSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/replay.ts'
import { realClock } from '../../src/ops/clock.ts'
import { clockOf, life, shift } from '../record/ward.ts'
import { tempFolder } from '../store/fixture.ts'

async function run(...args: readonly string[]): Promise<{ readonly lines: readonly string[]; readonly notes: readonly string[] }> {
  const lines: string[] = []
  const notes: string[] = []
  const context: CliContext = {
    write: (line) => void lines.push(line), note: (line) => void notes.push(line), stdin: (async function* () {})(), env: {},
    stop: new AbortController().signal, root: '/nowhere', node: '', pid: 0, isTerminal: true, clockOf: realClock, parent: null,
  }
  const program = new Command().exitOverride()
  register(program, context)
  await program.parseAsync(['replay', ...args], { from: 'user' })
  return { lines, notes }
}

describe('vigil replay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-cli-replay-'))
  const data = join(folder, 'data')
  beforeAll(async () => {
    const clock = clockOf()
    const ward = life(folder, clock)
    await shift(ward, clock)
    await ward.end()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('prints what came out and shows how far it is; the same digest each time', async () => {
    using into = tempFolder()
    const { lines, notes } = await run(data, '--into', join(into.path, 'a'))
    expect(lines).toMatchObject([/^replayed: 2026-01-15T02:00:00.000Z to .* one life of the gateway$/, /^frames: \d+ good, 1 quarantined/, /^readings: \d+; alerts: \d+/, /^digest: [0-9a-f]{64}$/])
    expect(notes.at(-1)).toMatch(/Replaying \[█{30}\] 100 %$/)
    const again = await run(join(data, 'frames'), '--into', join(into.path, 'b'), '--json')
    expect(`digest: ${String(JSON.parse(again.lines[0] ?? '').digest)}`).toBe(lines.at(-1))
  })

  it('never writes into what is there', async () => {
    using into = tempFolder()
    mkdirSync(join(into.path, 'there'))
    await expect(run(data, '--into', join(into.path, 'there'))).rejects.toThrow(UsageError)
  })

  it('says in words what is missing or wrong', async () => {
    using into = tempFolder()
    const copy = join(into.path, 'copy')
    await expect(run('/nowhere', '--into', copy)).rejects.toThrow(UsageError)
    await expect(run(into.path, '--into', copy)).rejects.toThrow(/holds no recording/)
    await expect(run(data, '--into', copy, '--speed', 'fast')).rejects.toThrow(/--speed fast/)
    await expect(run(data, '--into', copy, '--from', 'noon')).rejects.toThrow(/"noon" is no time/)
    await expect(run(join(data, 'vigil.db'), '--into', copy)).rejects.toThrow(CommandFailed)
  })
})
