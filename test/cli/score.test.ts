import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/score.ts'
import { toolLimits } from '../../src/limits.ts'

type Ran = { readonly out: string[]; readonly error: unknown }

/** Runs `vigil score …args` on these bytes, in the pieces given. */
async function score(args: readonly string[], pieces: readonly string[], stop = new AbortController().signal): Promise<Ran> {
  const out: string[] = []
  const context = {
    write: (line: string) => void out.push(line),
    note: () => undefined,
    stop,
    stdin: (async function* stdin() {
      for (const piece of pieces) yield new TextEncoder().encode(piece)
    })(),
  } as Partial<CliContext> as CliContext
  const program = new Command('vigil').exitOverride()
  register(program, context)
  let error: unknown = null
  await program.parseAsync(['node', 'vigil', 'score', ...args]).catch((thrown: unknown) => {
    error = thrown
  })
  return { out, error }
}

const objects = ({ out }: Ran): Record<string, unknown>[] => out.map((line) => JSON.parse(line) as Record<string, unknown>)
const WELL = { rr: 16, spo2: 97, oxygen: false, sbp: 120, pulse: 70, consciousness: 'A', temperature: 37 }

describe('vigil score --json', () => {
  it('prints the contract, key by key, a line for each line', async () => {
    const ran = await score(['news2', '--json'], [`${JSON.stringify({ ...WELL, rr: 25 })}\n{"rr":21,"oxygen":"oxygen"}\n`])
    expect(ran.error).toBeNull()
    expect(ran.out).toEqual([
      '{"rule":"news2","total":3,"complete":true,"min":3,"max":3,"parts":{"rr":3,"spo2":0,"oxygen":0,"sbp":0,"pulse":0,"consciousness":0,"temperature":0},"missing":[]}',
      '{"rule":"news2","total":4,"complete":false,"min":4,"max":19,"parts":{"rr":2,"oxygen":2},"missing":["spo2","sbp","pulse","consciousness","temperature"]}',
    ])
  })

  it.each([
    ['qsofa', { rr: 22, sbp: 100, gcs: 14 }, 3], ['qsofa-gcs13', { rr: 22, sbp: 100, gcs: 14 }, 2], ['sirs', { temperature: 38.1, pulse: 91, rr: 21, wbc: 13 }, 4],
    ['sirs-vitals', { temperature: 38.1, pulse: 91, rr: 21 }, 3], ['mews', { sbp: 70, pulse: 130, rr: 30, temperature: 38.5, consciousness: 'U' }, 14],
    ['shock-index', { hr: 120, sbp: 80 }, 1.5], ['map', { sbp: 120, dbp: 80 }, 93.33],
    ['pews', { ageYears: 0.5, rr: 40, hr: 130, sbp: 80, spo2: 98, device: 'air', respiratoryDistress: 'none', crt: 3 }, 2],
  ])('computes %s', async (rule, inputs, total) => {
    const [answer] = objects(await score([rule, '--json'], [JSON.stringify(inputs)]))
    expect(answer).toMatchObject({ rule, total, complete: true, min: total, max: total, missing: [] })
  })

  it('says why a rule does not apply and keeps the keys of the contract', async () => {
    const [child] = objects(await score(['news2', '--json'], ['{"ageYears":9,"rr":30}']))
    expect(child).toEqual({ rule: 'news2', total: 0, complete: false, min: 0, max: 20, parts: {}, missing: [], applicable: false, why: 'under 16 years: use PEWS' })
  })

  it('says which inputs were not believed', async () => {
    const [answer] = objects(await score(['news2', '--json'], [JSON.stringify({ ...WELL, spo2: 20 })]))
    expect(answer).toMatchObject({ complete: false, missing: ['spo2'], rejected: { spo2: '20 is outside 40 to 100' } })
  })

  it('answers a bad line with an error, goes on, and fails at the end', async () => {
    const ran = await score(['news2', '--json'], ['{"rr":16}\n{"heartRate":80}\nnot json\n[1]\n{"rr":"16"}\n\n{"rr":30}'])
    expect(objects(ran)).toEqual([
      expect.objectContaining({ total: 0 }),
      { rule: 'news2', error: 'unknown input "heartRate"; did you mean "pulse"?', line: 2 },
      { rule: 'news2', error: 'not JSON', line: 3 },
      { rule: 'news2', error: 'not a JSON object of inputs', line: 4 },
      { rule: 'news2', error: 'rr is a number; not "16"', line: 5 },
      expect.objectContaining({ total: 3 }),
    ])
    expect(ran.error).toBeInstanceOf(CommandFailed)
    expect(ran.error).toMatchObject({ message: '4 of 6 lines could not be scored.' })
  })

  it('reads lines whatever pieces they come in, with and without a last newline', async () => {
    const text = `${JSON.stringify(WELL)}\r\n${JSON.stringify({ ...WELL, rr: 25 })}`
    const whole = await score(['news2', '--json'], [text])
    const pieces = await score(['news2', '--json'], text.split(''))
    expect(whole.out).toHaveLength(2)
    expect(pieces.out).toEqual(whole.out)
  })

  it('takes a line of the greatest length, refuses one byte more, and goes on', async () => {
    const padded = (bytes: number): string => `{"rr":25${' '.repeat(bytes - 9)}}`
    const ran = await score(['news2', '--json'], [padded(toolLimits.jsonLineBytesMax), '\n', padded(toolLimits.jsonLineBytesMax + 1), '\n{"rr":30}\n'])
    expect(objects(ran)).toEqual([
      expect.objectContaining({ total: 3 }),
      { rule: 'news2', error: `longer than ${toolLimits.jsonLineBytesMax} bytes`, line: 2 },
      expect.objectContaining({ total: 3 }),
    ])
  })

  it('ends without a word when it is stopped', async () => {
    const stop = new AbortController()
    stop.abort()
    expect(await score(['news2', '--json'], ['{"rr":16}\n'], stop.signal)).toEqual({ out: [], error: null })
  })
})

describe('vigil score', () => {
  it('refuses an unknown rule, names the nearest and lists them all', async () => {
    const { error } = await score(['nwes2', '--json'], [])
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ message: expect.stringContaining('Did you mean "news2"?') })
    expect(error).toMatchObject({ message: expect.stringContaining('news2, qsofa, qsofa-gcs13, sirs, sirs-vitals, mews, pews, shock-index, map') })
  })

  it('without --json prints a table for people', async () => {
    const { out } = await score(['news2'], [`${JSON.stringify(WELL)}\n{"rr":30,"spo2":20}\n{"ageYears":3}\nx\n`])
    expect(out[0]).toBe('NEWS2 (RCP 2017)\nline  total   range        points                                           missing')
    expect(out[1]).toContain('complete')
    expect(out[2]).toContain('3 to 20')
    expect(out[2]).toContain('spo2 not believed: 20 is outside 40 to 100')
    expect(out[3]).toContain('not applicable: under 16 years')
    expect(out[4]).toContain('not JSON')
  })
})
