/** What we ask, and what the simulated registry tells, in the eyes of a library that nobody here wrote (hl7apy, from PyPI). */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type RegistryQuestion, registryQuery } from '../../drivers/hl7/query.ts'
import { createRegistry } from '../../simulators/monitors/hl7-adt.ts'
import { wallMs } from '../../src/domain/time.ts'
import { lacking } from '../parts.ts'
import { hl7apyPython } from './parts.ts'

const python = hl7apyPython()
const reason = lacking('hl7apy ("node test/interop/parts.ts" fetches it)', python !== null)
const READER = join(import.meta.dirname, 'hl7apy_reader.py')
const AT = Date.UTC(2026, 3, 1, 8)

type Read = { readonly type: string; readonly segments: readonly string[]; readonly values: readonly string[]; readonly fault: string | null }

/** All messages in one go: the library takes a second to begin. */
function readAll(asked: readonly (readonly [text: string, fields: string])[]): Promise<readonly Read[]> {
  const lines = asked.map(([text, fields]) => `${text.trimEnd().replaceAll(/\r\n?/g, '\t')}\f${fields}\n`)
  return new Promise((resolve, reject) => {
    const child = execFile(python ?? '', [READER], (error, stdout) => {
      if (error) return reject(error)
      resolve(stdout.trim().split('\n').map((line): Read => JSON.parse(line)))
    })
    child.stdin?.end(lines.join(''))
  })
}

describe.skipIf(reason !== null)(`hl7apy${reason === null ? '' : ` (${reason})`}`, () => {
  it('finds nothing wrong with our questions, and reads out of them what is asked', async () => {
    const questions: readonly RegistryQuestion[] = [{ by: 'number', number: '1001' }, { by: 'name', family: "O'Neil & Co", given: 'Änne' }, { by: 'location', location: 'ICU^1^2' }]
    const asking = { controlId: 'Q1', at: wallMs(AT), application: 'REGISTRY', facility: 'HOSPITAL', authority: '' }
    const text = (question: RegistryQuestion, dialect: 'A19' | 'Q22'): string => new TextDecoder().decode(registryQuery(question, { ...asking, dialect }))
    const read = await readAll([
      ...questions.map((question) => [text(question, 'A19'), 'qrd.qrd_8,qrd.qrd_9,qrd.qrd_10,qrd.qrd_11'] as const),
      ...questions.map((question) => [text(question, 'Q22'), 'qpd.qpd_3'] as const),
    ])
    // IHE PDQ repeats QPD-3 for each thing that is looked for, which the table of the library does not know.
    const repeated = expect.stringContaining('MaxChildLimitReached: Cannot add <Field QPD_3')
    expect(read.map(({ fault }) => fault)).toEqual([null, null, null, null, repeated, repeated])
    expect(read.map(({ values }) => values)).toEqual([
      ['1001', 'DEM', 'ALL', ''], ["^O'Neil \\T\\ Co^Änne", 'DEM', 'ALL', ''], ['ALL', 'ANU', 'ICU', '1^2'],
      ['@PID.3.1^1001'], ["@PID.5.1.1^O'Neil \\T\\ Co~@PID.5.2^Änne"], ['@PV1.3.1^ICU~@PV1.3.2^1~@PV1.3.3^2'],
    ])
  })

  it('reads what the simulated registry tells as the driver does', async () => {
    const fields = 'pid.pid_3,pid.pid_5,pv1.pv1_3,evn.evn_2'
    const told = (['modern', 'old'] as const).flatMap((habit) => {
      const registry = createRegistry({ habit })
      const person = (mrn: string) => ({ mrn, laboratory: `L${mrn}`, visit: `V${mrn}`, family: 'Müster', given: 'Anne', born: '19620401', sex: 'F' as const })
      const [one, two] = [{ unit: 'ICU', room: '1', bed: '1' }, { unit: 'ICU', room: '1', bed: '2' }]
      return [
        registry.admit(person('1'), one, AT), registry.admit(person('2'), two, AT), registry.transfer('1', { unit: 'ICU', room: '2', bed: '3' }, AT), registry.swap('1', '2', AT),
        registry.leave('1', AT), registry.comeBack('1', AT), registry.correct('1', { given: 'Änne' }, AT), registry.discharge('1', AT), registry.cancel('1', 'discharge', AT),
        registry.merge('2', '1', AT),
      ].map(({ bytes }) => new TextDecoder().decode(bytes))
    })
    const read = await readAll(told.map((text) => [text, text.includes('MRG|') ? '' : fields]))
    expect(read[0]).toMatchObject({ type: 'ADT^A01^ADT_A01', values: ['L1^^^LABORATORY^LR~1^^^HOSPITAL&2.25.77&ISO^MR', 'Müster^Anne^^^^^L', 'ICU^1^1', '20260401100000+0200'] })
    expect(read[10]).toMatchObject({ type: 'ADT^A01', values: ['1', 'Müster^Anne', 'ICU^1^1', '20260401080000'] })
    // Its tables have no message with two patients (A17), and of 2.3 not all events.
    const modern = read.slice(0, read.length / 2).filter(({ type }) => !type.startsWith('ADT^A17'))
    expect(modern.map(({ type, fault }) => [type, fault])).toEqual(modern.map(({ type }) => [type, null]))
  })
})
