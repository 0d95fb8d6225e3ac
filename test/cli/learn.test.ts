import { Command } from 'commander'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Learner } from '../../drivers/hl7/learn.ts'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/learn.ts'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { mllpFrame } from '../../src/codec/mllp.ts'
import { driverLimits } from '../../src/limits.ts'
import { realClock } from '../../src/ops/clock.ts'

async function run(args: readonly string[], input: Uint8Array): Promise<readonly string[]> {
  const out: string[] = []
  const context: CliContext = {
    write: (line) => out.push(line),
    note: () => {},
    stdin: (async function* () {
      yield* [input.subarray(0, 100), input.subarray(100)]
    })(),
    env: {},
    stop: new AbortController().signal,
    root: resolve(import.meta.dirname, '../..'),
    node: process.execPath,
    pid: process.pid,
    isTerminal: false,
    clockOf: realClock,
    parent: null,
  }
  const program = new Command('vigil').exitOverride()
  register(program, context)
  await program.parseAsync(['learn', '-', ...args], { from: 'user' })
  return out
}

const message = (...rows: readonly string[]): Uint8Array =>
  mllpFrame(utf8(['MSH|^~\\&|ACME||||20260401070000||ORU^R01|1|P|2.6', 'PID|||4711||Vega^Ilse', ...rows.map((row, index) => `OBX|${index + 1}|${row}`)].join('\r')))
const HR = 'NM|147842^MDC_ECG_HEART_RATE^MDC|1.1|80|/min'
const strange = (value: string): string => `NM|42^ACME_PRESSURE^99ACME|7.1|${value}|mmHg`

describe('vigil learn', () => {
  it('tells of each code how often it came, where, between which values, and what became of it', async () => {
    const out = await run([], concat([message(HR, strange('118')), message(HR.replace('|80|', '|---|'), strange('121')), message(HR.replace('/min', 'mmHg'))]))
    expect(out).toEqual([
      '3 messages: ORU^R01 3. Profile: unknown 3.',
      '',
      '      2 × 147842^MDC_ECG_HEART_RATE^MDC in /min: MDC_ECG_HEART_RATE; absent: not-measured 1',
      '          NM; 80; OBX-4 1.1',
      '      2 × 42^ACME_PRESSURE^99ACME in mmHg: a code of the vendor 2',
      '          NM; 118 to 121; OBX-4 7.1',
      '      1 × 147842^MDC_ECG_HEART_RATE^MDC in mmHg: unit mm[Hg] does not fit MDC_ECG_HEART_RATE (/min) 1',
      '          NM; 80; OBX-4 1.1',
      '',
      'For a profile in drivers/hl7/profiles.ts, with the metric that the manual of the device names:',
      "  ['42^ACME_PRESSURE^99ACME', ''], // 2 × mmHg, 118 to 121: a code of the vendor 2",
    ])
  })

  it('says nothing of the patient: no text of a row, no number without a unit, no name', async () => {
    const out = (await run([], message('NM|2301^MRN^99ACME|1|4711|', 'ST|9^Patient name^99ACME|1|Vega Ilse|', 'ST|Ilse Vega^Ilse Vega^X|Ilse Vega|1|Ilse Vega'))).join('\n')
    expect(out).toContain('2301^MRN^99ACME')
    expect(out).not.toMatch(/4711|Vega|Ilse/)
  })

  it('is one JSON object where that is asked for', async () => {
    const [line, ...rest] = await run(['--json'], message(strange('118')))
    expect(rest).toEqual([])
    expect(JSON.parse(line ?? '')).toEqual({
      messages: 1, profiles: { unknown: 1 }, types: { 'ORU^R01': 1 }, rowsBeyond: 0,
      codes: [{ code: '42^ACME_PRESSURE^99ACME', unit: 'mmHg', types: ['NM'], channels: ['7.1'], count: 1, metric: null, range: [118, 118], reasons: { 'a code of the vendor': 1 } }],
    })
  })

  it('reads with the profile that is asked for', async () => {
    const pulse = message('NM|149522^MDC_PULS_RATE^MDC|1|60|/min')
    expect((await run([], pulse))[2]).toContain('is called MDC_PULS_RATE here')
    expect((await run(['--settings', 'profile=comen'], pulse))[2]).toContain('in /min: MDC_PULS_RATE')
    await expect(run(['--settings', 'zone=Nowhere'], pulse)).rejects.toThrow(UsageError)
    await expect(run(['--settings', 'profile=acme'], pulse)).rejects.toThrow(UsageError)
  })

  it('has nothing to say of what is no HL7', async () => {
    await expect(run([], utf8('hello\r\n'))).rejects.toThrow(CommandFailed)
  })

  it('tells analytes in OBX-4 apart, and units that differ', async () => {
    const out = await run([], message('ST|0|Na+|139|mmol/L', 'ST|0|K+|4.1|mmol/L', 'NM|150344^MDC_TEMP^MDC|1|37|°C', 'NM|150344^MDC_TEMP^MDC|1|98|°F'))
    expect(out.filter((line) => line.includes(' × ')).map((line) => line.trim())).toEqual([
      '1 × 0 in OBX-4 Na+ in mmol/L: MDC_CONC_NA_GEN', '1 × 0 in OBX-4 K+ in mmol/L: MDC_CONC_K_GEN', '1 × 150344^MDC_TEMP^MDC in °C: MDC_TEMP', '1 × 150344^MDC_TEMP^MDC in °F: MDC_TEMP',
    ])
  })

  it('tells of so many codes; rows of one more are counted', () => {
    const learner = new Learner({})
    for (let code = 0; code <= driverLimits.hl7CodesLearntMax; code++) learner.push(message(`NM|${code}^X^99ACME|1|80|mmHg`))
    const { codes, rowsBeyond, messages } = learner.end()
    expect([codes.length, rowsBeyond, messages]).toEqual([driverLimits.hl7CodesLearntMax, 1, driverLimits.hl7CodesLearntMax + 1])
  })
})
