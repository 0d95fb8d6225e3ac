import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliContext, CommandFailed, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/replay.ts'
import { type AlertSpan, countsOf, onlyIn, topOffenders } from '../../src/evaluate/compare.ts'
import { picturesOf, type Source, variablesOf } from '../../src/evaluate/range.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { openRangeReader } from '../../src/store/range-reader.ts'
import { ADULT, snapshot, wallOf } from '../rules/fixture.ts'
import { tempFolder } from '../store/fixture.ts'

const span = (part: Partial<AlertSpan>): AlertSpan => ({ condition: 'threshold/spo2-low', bed: bedId('1'), stay: stayId('a'), priority: 'medium', text: '', from: 0, to: 10_000, ...part })

describe('two sets of alerts', () => {
  it('are counted by rule and priority, with the median length and the share that is over within 15 s', () => {
    const counts = countsOf([span({}), span({ to: 14_999 }), span({ to: 60_000 }), span({ to: null }), span({ priority: 'high', to: null })], 43_200_000)
    expect(counts).toEqual([
      { condition: 'threshold/spo2-low', priority: 'medium', alerts: 4, perBedDay: 8, medianSeconds: 14.999, shortShare: 2 / 3 },
      { condition: 'threshold/spo2-low', priority: 'high', alerts: 1, perBedDay: 2, medianSeconds: null, shortShare: null },
    ])
  })

  it('have the same alert when stay, condition and time agree to a minute', () => {
    const here = span({ from: 100_000, to: 110_000 })
    for (const same of [here, span({ from: 170_000, to: 180_000 }), span({ from: 0, to: 40_000 }), span({ from: 0, to: null })]) expect(onlyIn([here], [same])).toEqual([])
    for (const other of [span({ from: 170_001 + 0, to: 180_000 }), span({ ...here, stay: stayId('b') }), span({ ...here, condition: 'threshold/hr-high' })]) expect(onlyIn([here], [other])).toEqual([here])
  })

  it('name the worst offenders, as many as asked for', () => {
    expect(topOffenders([span({}), span({}), span({ bed: bedId('2') })], 1)).toEqual([{ bed: '1', condition: 'threshold/spo2-low', alerts: 2 }])
  })

  it('are drawn with the values that they rest on', () => {
    expect(variablesOf('threshold/spo2-low')).toEqual(['spo2'])
    expect(variablesOf('news2/deterioration')).toContain('rr')
    expect(variablesOf('technical/spo2-off')).toEqual([])
  })
})

describe('vigil replay --rules --against', () => {
  let folder: ReturnType<typeof tempFolder>
  const data = (): string => join(folder.path, 'data')
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text)
    return join(folder.path, name)
  }

  /** Twenty minutes of two beds: one desaturates for 20 s every five minutes, one has NEWS2 5. */
  beforeAll(async () => {
    folder = tempFolder()
    const opened = openLocalStore({ folder: data(), kind: 'demo', gatewayId: 'g', createdAt: wallOf(0), durability: 'copy' })
    if (opened.kind === 'refused') throw new Error(opened.why)
    const stays = ['a', 'b'].map((id) => ({ id: stayId(`stay-${id}`), bed: bedId(`bed-${id}`), identity: null, openedAt: wallOf(0), closedAt: null, context: ADULT }))
    for (let second = 0; second < 1_200; second += 2) {
      const said = [
        [{ sensor: 'spo2', value: second % 300 < 20 ? 86 : 97 }, { sensor: 'ecg', value: 70 }],
        [{ sensor: 'rr', value: 22 }, { sensor: 'spo2', value: 94 }, { sensor: 'ecg', value: 115 }, { sensor: 'temp', value: 37 }],
      ] as const
      const snapshots = said.map((values, index) => ({ ...snapshot(second, values, `mon-${index}`).snapshot, bed: stays[index]?.bed ?? null, stay: stays[index]?.id ?? null }))
      const done = await opened.store.commit({ snapshots, events: [], stays: second === 0 ? stays : [], quarantined: [], messages: [] })
      if (done.kind !== 'durable') throw new Error(done.why)
    }
    await opened.store.close()
  })
  afterAll(() => folder[Symbol.dispose]())

  async function compare(...args: readonly string[]): Promise<string[]> {
    const lines: string[] = []
    const context = { write: (text: string) => void lines.push(text), note: () => undefined, isTerminal: false, stop: new AbortController().signal } as Partial<CliContext> as CliContext
    const program = new Command('vigil').exitOverride()
    register(program, context)
    await program.parseAsync(['node', 'vigil', 'replay', ...args])
    return lines
  }
  const shipped = (): string => file('shipped.yaml', 'name: as shipped\n')
  const eager = (): string => file('eager.yaml', 'name: "eager <b>"\npolicy: { urgentSeconds: 60 }\n')

  it('says what each gives, what is lost and gained, in a page that needs nothing else', async () => {
    const report = join(folder.path, 'report')
    const [json] = await compare(data(), '--rules', shipped(), '--against', eager(), '--report', report, '--json')
    expect(JSON.parse(json ?? '')).toMatchObject({ snapshots: 1_200, beds: 2, lost: 0, gained: 1, sets: [{ name: 'as shipped' }, { name: 'eager <b>' }] })
    const html = readFileSync(join(report, 'report.html'), 'utf8')
    expect(html).toContain('Gained: 1')
    expect(html).toContain('NEWS2 at least 5')
    expect(html).toContain('SpO₂ low')
    expect(html.match(/<svg/g)).toHaveLength(1)
    expect(html).toContain('eager &lt;b&gt;')
    expect(html).not.toMatch(/<script|https?:|<b>eager|eager <b>|NaN|undefined/)
  })

  it('writes the same journal for the same input, byte for byte', async () => {
    const [a, b] = [join(folder.path, 'one'), join(folder.path, 'two')]
    await compare(data(), '--rules', shipped(), '--against', eager(), '--report', a)
    await compare(data(), '--rules', eager(), '--against', shipped(), '--report', b)
    const [first, second] = [readFileSync(join(a, 'first.jsonl')), readFileSync(join(a, 'second.jsonl'))]
    expect(readFileSync(join(b, 'second.jsonl')).equals(first)).toBe(true)
    expect(readFileSync(join(b, 'first.jsonl')).equals(second)).toBe(true)
    expect(first.length).toBeGreaterThan(1_000)
    expect(second.length).toBeGreaterThan(first.length)
  })

  it('takes a part of the time', async () => {
    const report = join(folder.path, 'part')
    const [json] = await compare(data(), '--rules', shipped(), '--against', shipped(), '--report', report, '--json', '--from', `${wallOf(300)}`, '--to', `${wallOf(599)}`)
    expect(JSON.parse(json ?? '')).toMatchObject({ snapshots: 300, firstAt: wallOf(300), lost: 0, gained: 0 })
    const nothing = compare(data(), '--rules', shipped(), '--against', shipped(), '--report', join(folder.path, 'none'), '--from', `${wallOf(9_000)}`)
    await expect(nothing).rejects.toThrow(CommandFailed)
  })

  it('names a mistake in a file of rules with its line, and says what is missing', async () => {
    const wrong = file('wrong.yaml', 'policy:\n  quietHour: 5\n')
    await expect(compare(data(), '--rules', wrong, '--against', shipped(), '--report', join(folder.path, 'x'))).rejects.toThrow(/wrong\.yaml:2:3: unknown setting "policy\.quietHour"\. Did you mean/)
    await expect(compare(data(), '--rules', shipped())).rejects.toThrow(UsageError)
    await expect(compare(data(), '--rules', shipped(), '--against', shipped(), '--report', folder.path)).rejects.toThrow('exists already')
  })

  it('keeps few points of a line, and those that stand out', () => {
    using reader: Source & Disposable = openRangeReader(data())
    const [picture] = picturesOf(reader, [span({ stay: stayId('stay-a'), from: wallOf(600) })])
    const values = picture?.lines.spo2?.map(({ value }) => value) ?? []
    expect(values.length).toBeLessThan(250)
    expect(Math.min(...values)).toBe(86)
    expect(picturesOf(reader, [span({ condition: 'technical/spo2-off', from: wallMs(0) })])[0]?.lines).toEqual({})
  })
})
