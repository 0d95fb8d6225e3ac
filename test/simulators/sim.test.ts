import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/sim.ts'
import { simulatorLimits } from '../../src/limits.ts'
import { realClock } from '../../src/ops/clock.ts'
import { type Answer, fakeGateway } from './fake-gateway.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-sim-'))
  await writeFile(join(folder, 'two.csv'), 'minute,HR,SpO2\n0,70.5,\n1,71.0,97.0\n')
  await writeFile(join(folder, 'bad.csv'), 'minute,HR\n0,fast\n')
  await writeFile(join(folder, 'bad.json'), '{"seed": 1, "beds": [{"bed": "b"}]}')
  await writeFile(join(folder, 'text.json'), 'beds: 12')
  await writeFile(join(folder, 'huge.csv'), '')
  await truncate(join(folder, 'huge.csv'), simulatorLimits.recordingBytesMax + 1)
})
afterAll(() => rm(folder, { recursive: true }))

type Ran = { readonly out: readonly string[]; readonly notes: readonly string[]; readonly error: unknown }

async function vigil(...args: readonly string[]): Promise<Ran> {
  const out: string[] = []
  const notes: string[] = []
  const context: CliContext = {
    write: (line) => void out.push(line),
    note: (line) => void notes.push(line),
    stdin: (async function* () {})(),
    env: {},
    stop: new AbortController().signal,
    root: folder,
    node: '',
    pid: 0,
    isTerminal: true,
    clockOf: realClock,
    parent: null,
  }
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  register(program, context)
  const error: unknown = await program.parseAsync(['node', 'vigil', 'sim', ...args]).then(() => null, (reason: unknown) => reason)
  return { out, notes, error }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function withGateway<T>(answer: (text: string, nth: number) => Answer, run: (port: number) => Promise<T>): Promise<T> {
  const gateway = await fakeGateway(answer)
  try {
    return await run(gateway.port)
  } finally {
    await gateway.close()
  }
}

describe('vigil sim --replay', () => {
  it('prints one JSON object a metric, and nothing else', async () => {
    const { out, error } = await withGateway(() => 'AA', (port) => vigil('--replay', join(folder, 'two.csv'), '--as', 'hl7', '--to', `127.0.0.1:${port}`, '--device', 'r-1', '--json'))
    expect(error).toBeNull()
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      { device: 'r-1', metric: 'MDC_ECG_HEART_RATE', sent: 2, acknowledged: 2, unusual: 0 },
      { device: 'r-1', metric: 'MDC_PULS_OXIM_SAT_O2', sent: 1, acknowledged: 1, unusual: 0 },
    ])
  })

  it('finds the demo that runs here', async () => {
    await withGateway(() => 'AA', async (port) => {
      await mkdir(join(folder, '.vigil', 'demo'), { recursive: true })
      await writeFile(join(folder, '.vigil', 'demo', 'ward.json'), JSON.stringify({ hl7: { host: '127.0.0.1', port } }))
      const { out, notes, error } = await vigil('--replay', join(folder, 'two.csv'))
      expect(error).toBeNull()
      expect(out.at(-1)).toMatch(/^all\s+3\s+3\s+0$/)
      expect(notes.some((line) => line.includes('2/2 messages acknowledged'))).toBe(true)
      await rm(join(folder, '.vigil'), { recursive: true })
    })
  })

  it('says what to do where no demo runs', async () => {
    const { error } = await vigil('--replay', join(folder, 'two.csv'))
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toContain('npm start')
  })

  it('fails when something was refused', async () => {
    const { error, out } = await withGateway((_, nth) => (nth === 1 ? 'AR' : 'AA'), (port) => vigil('--replay', join(folder, 'two.csv'), '--to', `127.0.0.1:${port}`, '--json'))
    expect(error).toBeInstanceOf(CommandFailed)
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ sent: 2, acknowledged: 1 })
  })
})

describe('vigil sim', () => {
  it.each([
    ['neither a plan nor a recording', [], 'Say either --plan'],
    ['a recording that is not there', ['--replay', 'nowhere.csv', '--to', 'h:1'], 'There is no file nowhere.csv'],
    ['a recording that is none', ['--replay', 'bad.csv', '--to', 'h:1'], 'line 2: "fast" is not a number'],
    ['a file larger than its bound', ['--replay', 'huge.csv', '--to', 'h:1'], 'is larger than'],
    ['another protocol', ['--replay', 'two.csv', '--as', 'fax'], '--as hl7'],
    ['an address without a port', ['--replay', 'two.csv', '--to', 'host'], '--to wants host:port'],
    ['a speed that is none', ['--replay', 'two.csv', '--to', 'h:1', '--speed', 'fast'], '--speed must be a number'],
    ['a start that is no time', ['--replay', 'two.csv', '--to', 'h:1', '--start', 'soon'], '--start must be a time'],
    ['a device that is no name', ['--replay', 'two.csv', '--to', 'h:1', '--device', 'a b'], 'is no name of a device'],
    ['a plan that is not JSON', ['--plan', 'text.json'], 'is not JSON'],
    ['a plan with mistakes', ['--plan', 'bad.json'], 'beds[0].device'],
  ])('calls %s wrong use', async (_, args, sentence) => {
    const { error } = await vigil(...args.map((arg) => (/\.(csv|json)$/.test(arg) && arg !== 'nowhere.csv' ? join(folder, arg) : arg)))
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toContain(sentence)
  })
})
