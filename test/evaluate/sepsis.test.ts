import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliContext, UsageError } from '../../src/cli/context.ts'
import { register } from '../../src/cli/evaluate.ts'
import { BadTable, COLUMNS, readStays, type Stay } from '../../src/evaluate/challenge-csv.ts'
import { NAIVE, naiveHours } from '../../src/evaluate/policies.ts'
import { screen } from '../../src/evaluate/screen.ts'
import { tableSettings } from '../../src/evaluate/live.ts'
import { evaluateLimits } from '../../src/limits.ts'
import { tempFolder } from '../store/fixture.ts'

const HEADER = `patient,hour,${COLUMNS.join(',')},Age,Gender,ICULOS,SepsisLabel`
type Values = { readonly [Name in (typeof COLUMNS)[number]]?: number }
const line = (patient: string, hour: number, values: Values, label = 0): string =>
  `${patient},${hour},${COLUMNS.map((column) => values[column] ?? '').join(',')},70,1,${hour + 1},${label}`
const WELL: Values = { HR: 70, O2Sat: 97, Temp: 37, SBP: 120, MAP: 85, DBP: 70, Resp: 16 }
const ILL: Values = { HR: 115, O2Sat: 92, Temp: 37, SBP: 120, MAP: 85, DBP: 70, Resp: 26 }
const URGENT: Values = { HR: 115, O2Sat: 94, Temp: 37, SBP: 120, MAP: 85, DBP: 70, Resp: 22 }

let folder: ReturnType<typeof tempFolder>
beforeAll(() => {
  folder = tempFolder()
})
afterAll(() => folder[Symbol.dispose]())

function table(lines: readonly string[], name = 'table.csv.gz'): string {
  const path = join(folder.path, name)
  writeFileSync(path, gzipSync(`${[HEADER, ...lines].join('\n')}\n`))
  return path
}

async function staysOf(path: string): Promise<Stay[]> {
  const stays: Stay[] = []
  for await (const stay of readStays(path, () => undefined)) stays.push(stay)
  return stays
}

async function evaluate(...args: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  const context = { write: (text: string) => void lines.push(text), note: () => undefined, isTerminal: false, stop: new AbortController().signal } as Partial<CliContext> as CliContext
  const program = new Command('vigil').exitOverride()
  register(program, context)
  await program.parseAsync(['node', 'vigil', 'evaluate', 'sepsis', ...args])
  return lines
}

describe('the table', () => {
  it('is read stay by stay, what is empty is not measured', async () => {
    const stays = await staysOf(table([line('a', 0, { HR: 80 }), line('a', 1, {}), line('b', 0, WELL, 1)]))
    expect(stays.map(({ patient, rows }) => [patient, rows.length])).toEqual([['a', 2], ['b', 1]])
    expect(stays[0]?.rows.map(({ values }) => values[0])).toEqual([80, null])
    expect(stays[1]?.rows[0]?.label).toBe(true)
  })

  it.each([
    ['rows of patient a do not stand together', [line('a', 0, WELL), line('b', 0, WELL), line('a', 1, WELL)]],
    ['hour 1 comes after hour 1', [line('a', 1, WELL), line('a', 1, WELL)]],
    ['is no number', [line('a', 0, WELL).replace('70', 'seventy')]],
    ['SepsisLabel is neither 0 nor 1', [line('a', 0, WELL, 2)]],
  ])('with a mistake is refused with its line: %s', async (why, lines) => {
    const refused = staysOf(table(lines))
    await expect(refused).rejects.toThrow(BadTable)
    await expect(refused).rejects.toThrow(why)
  })

  it('has a bound on the rows of a stay, and on a line', async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, hour) => line('a', hour, {}))
    expect((await staysOf(table(rows(evaluateLimits.rowsPerStayMax))))[0]?.rows).toHaveLength(evaluateLimits.rowsPerStayMax)
    await expect(staysOf(table(rows(evaluateLimits.rowsPerStayMax + 1)))).rejects.toThrow('a stay of more than')
    writeFileSync(join(folder.path, 'long.csv'), 'x'.repeat(evaluateLimits.lineCharsMax * 4))
    await expect(staysOf(join(folder.path, 'long.csv'))).rejects.toThrow('a line is too long')
  })

  it('that is not there, is not packed or lacks a column is wrong use, in a sentence', async () => {
    await expect(evaluate('--data', join(folder.path, 'nothing.csv.gz'))).rejects.toThrow(UsageError)
    writeFileSync(join(folder.path, 'plain.csv.gz'), HEADER)
    await expect(evaluate('--data', join(folder.path, 'plain.csv.gz'))).rejects.toThrow(/cannot be read/)
    writeFileSync(join(folder.path, 'other.csv'), 'a,b\n1,2\n')
    await expect(evaluate('--data', join(folder.path, 'other.csv'))).rejects.toThrow('there is no column "patient"')
  })
})

describe('the live screen on a table', () => {
  const rows = (course: readonly Values[]): Stay => ({ patient: 'a', rows: course.map((values, hour) => ({ hour, values: COLUMNS.map((column) => values[column] ?? null), label: false })) })
  const alerts = (course: readonly Values[]): number[] => {
    const [hours = []] = screen(rows(course), [tableSettings()], () => undefined)
    return hours.flatMap(({ alerts }, hour) => (alerts > 0 ? [hour] : []))
  }

  it('calls for 7 in the hour it is measured, for 5 when it has stood for one', () => {
    expect(alerts([WELL, ILL, ILL])).toEqual([1])
    expect(alerts([WELL, URGENT, URGENT, URGENT, URGENT])).toEqual([2])
    expect(alerts([WELL, { ...URGENT, MAP: 64 }, WELL])).toEqual([1])
    expect(alerts([WELL, URGENT, WELL, WELL])).toEqual([])
  })

  it('carries each column for eight hours and no longer', () => {
    const scores = (course: readonly Values[]) => screen(rows(course), [tableSettings()], () => undefined)[0]?.map(({ score }) => score)
    expect(scores([ILL, ...Array.from({ length: 10 }, () => ({}))])).toEqual([...Array.from({ length: 9 }, () => 7), 0, 0])
  })

  it('believes nothing impossible', () => {
    const scores = (values: Values) => screen(rows([values]), [tableSettings()], () => undefined)[0]?.[0]?.score
    expect(scores({ ...WELL, FiO2: 4_000 })).toBe(0)
    expect(scores({ ...WELL, FiO2: -50 })).toBe(0)
    expect(scores({ ...WELL, Temp: 50 })).toBe(0)
    expect(scores({ ...WELL, SBP: 80, DBP: 80 })).toBe(0)
    expect(scores({ ...WELL, FiO2: 0.4 })).toBe(2)
  })

  it('does not know what comes later', () => {
    const course = [WELL, URGENT, ILL, WELL, { ...WELL, Temp: 39 }, ILL, WELL]
    const whole = screen(rows(course), [tableSettings()], () => undefined)[0] ?? []
    for (let length = 1; length < course.length; length++) expect(screen(rows(course.slice(0, length)), [tableSettings()], () => undefined)[0]).toEqual(whole.slice(0, length))
  })
})

describe('naive policies', () => {
  const of = (scores: readonly number[], part: object) => naiveHours({ name: '', score: () => 0, bar: 5, ...part }, scores).flatMap(({ alerts }, hour) => (alerts > 0 ? [hour] : []))

  it.each([
    [{}, [1, 4, 6]], [{ hours: 2 }, [2, 7]], [{ quiet: 4 }, [1, 6]], [{ rearmBelow: 4 }, [1, 6]],
  ])('%j', (part, expected) => {
    expect(of([0, 5, 6, 4, 5, 3, 5, 7], part)).toEqual(expected)
  })

  it('have one name each', () => {
    expect(new Set(NAIVE.map(({ name }) => name)).size).toBe(NAIVE.length)
  })
})

describe('vigil evaluate sepsis', () => {
  const septic = Array.from({ length: 12 }, (_, hour) => line('s', hour, hour >= 4 ? ILL : WELL, hour >= 5 ? 1 : 0))
  const others = Array.from({ length: 12 }, (_, hour) => line('t', hour, WELL))

  it('prints the contract of --json as its last line, key by key', async () => {
    const lines = await evaluate('--data', table([...septic, ...others]), '--json')
    expect(lines).toHaveLength(1)
    const said = JSON.parse(lines[0] ?? '') as { policies: { name: string }[] }
    expect(Object.keys(said)).toEqual(['dataset', 'stays', 'rows', 'default', 'policies'])
    expect(said).toMatchObject({ dataset: 'table.csv.gz', stays: 2, rows: 24, default: 'vigil' })
    expect(Object.keys(said.policies[0] ?? {})).toEqual(
      ['name', 'auroc', 'auprc', 'utility', 'hour', 'septicInWindow', 'septicBy3h', 'nonSepticAlerted', 'episodesPer100PatientDays', 'leadHoursMedian'],
    )
    for (const name of ['vigil', 'news2>=5']) {
      expect(said.policies.find((policy) => policy.name === name)).toMatchObject({ septicInWindow: 1, septicBy3h: 1, nonSepticAlerted: 0, episodesPer100PatientDays: 100, leadHoursMedian: 7 })
    }
  })

  it('judges each stay on its own data: the order of the stays changes nothing', async () => {
    const [a] = await evaluate('--data', table([...septic, ...others], 'one.csv.gz'), '--json')
    const [b] = await evaluate('--data', table([...others, ...septic], 'one.csv.gz'), '--json')
    expect(b).toBe(a)
  })

  it('shows a table with its warning, and takes other settings of the alert policy', async () => {
    writeFileSync(join(folder.path, 'rules.yaml'), 'policy: { emergencySeconds: 300 }')
    const lines = await evaluate('--data', table([...septic, ...others]), '--rules', join(folder.path, 'rules.yaml'))
    expect(lines.join('\n')).toContain('none of them detects sepsis')
    writeFileSync(join(folder.path, 'wrong.yaml'), 'policy:\n  urgentSecond: 5\n')
    await expect(evaluate('--data', table(septic), '--rules', join(folder.path, 'wrong.yaml'))).rejects.toThrow(/wrong\.yaml:2:3: unknown setting "policy\.urgentSecond"\. Did you mean/)
  })
})

const TRAIN = '/work/shared/data/physionet-2019-b/train.csv.gz'
const isThere = existsSync(TRAIN)
if (!isThere) process.stderr.write(`no ${TRAIN}: the measured table of real stays is not compared\n`)

it.runIf(isThere)('finds the fields of the published table in their places', async () => {
  for await (const { rows } of readStays(TRAIN, () => undefined)) {
    expect(rows[1]?.values.slice(0, 7)).toEqual([93, 92.5, null, 110, 76, 56, 22])
    break
  }
})
