import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { register } from '../../src/cli/commissioning.ts'
import { type CliContext, UsageError } from '../../src/cli/context.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { houseLimits } from '../../src/limits.ts'
import { WATCHED } from '../../src/rules/armed.ts'
import { fakeClock } from '../fakes/clock.ts'
import { heartRate, phase, START, tempFolder, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'

const DAY = 86_400_000

async function run(...args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  const context: CliContext = {
    write: (line) => void lines.push(line), note: () => undefined, stdin: (async function* () {})(), env: {}, stop: new AbortController().signal, root: '/nowhere', node: '', pid: 0, isTerminal: false,
    clockOf: () => fakeClock(START + 2 * DAY), parent: null,
  }
  const program = new Command().exitOverride()
  register(program, context)
  await program.parseAsync(['commissioning', ...args], { from: 'user' })
  return lines
}

/** One bed that was measured for two days in a ward that began silently, and what its rules would have said. */
function ward(folder: string): void {
  using open = writing(folder)
  const subject = { bed: bedId('bed-1'), stay: stayId('stay-1'), device: null }
  const changes = WATCHED.map((rule) => ({ bed: subject.bed, stay: subject.stay, rule, from: START, state: 'commissioning' as const }))
  open.write(tick({
    snapshots: [heartRate(70)],
    standing: [{ key: 'mode', at: START, value: { kind: 'commissioning', since: START, by: null, words: '' } }],
    events: [{ at: START, kind: 'watch', changes, subject }, phase('alert-1', 'active', wallMs(START + 1_000)), phase('alert-1', 'inactive', wallMs(START + 6_000), { phase: 'end' })],
  }))
  // The ledger is written whole again and again.
  const next = wallMs(START + DAY)
  open.write(tick({ snapshots: [heartRate(71, { receivedAt: next })], events: [{ at: next, kind: 'watch', changes, subject }, phase('alert-2', 'active', wallMs(next + 1_000))] }))
}

describe('vigil commissioning', () => {
  it('says what the rules would have said since the ward is watched as it is, and each rule by itself', async () => {
    using folder = tempFolder()
    ward(folder.path)
    const [sentence, ...rules] = await run('--data', folder.path)
    expect(sentence).toBe('2 alerts in 2.0 days of measured beds: 1.00 a bed and day, 100 % of them over within 15 s.')
    expect(rules).toHaveLength(1)
    expect(rules[0]).toMatch(/^ {5}2 {2}\w+ +\S/)
    expect((await run('--data', folder.path, '--days', '1'))[0]).toMatch(/^1 alerts in 1\.0 days/)
  })

  it('is one object for programs, and a page to print with the names that the configuration gives the beds', async () => {
    using folder = tempFolder()
    ward(folder.path)
    const config = join(folder.path, 'site.yaml')
    // JSON is YAML.
    writeFileSync(config, JSON.stringify({ gateway: { id: 'gw', ward: 'Ward', data: folder.path }, beds: [{ id: 'bed-1', label: 'Window' }], links: [{ kind: 'mllp-listen', id: 'in', port: 0 }] }))
    const html = join(folder.path, 'report.html')
    const lines = await run('--config', config, '--json', '--html', html)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ alerts: 2, beds: 1, bedDays: 2, perBed: [{ bed: 'bed-1', label: 'Window', alerts: 2 }] })
    expect(readFileSync(html, 'utf8')).toContain('Window')
  })

  it('refuses days beyond what is read, and a folder without a database, in words', async () => {
    using folder = tempFolder()
    for (const days of ['0', 'x', String(houseLimits.commissioningDaysMax + 1)]) await expect(run('--data', folder.path, '--days', days)).rejects.toThrow(UsageError)
    await expect(run('--data', folder.path)).rejects.toThrow(UsageError)
  })
})
