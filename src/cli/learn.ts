/** `vigil learn`: what an HL7 sender's capture consists of, code by code, ready to be made into a profile. */

import type { Learnt, LearntCode } from '../../drivers/hl7/learn.ts'
import { bytesOf, settingsOf, untilStopped } from './decode.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'

type Options = { readonly settings?: readonly string[]; readonly json?: boolean }

export const register: Register = (program, context) => {
  program
    .command('learn')
    .description("an unknown HL7 sender's codes, and what becomes of them")
    .argument('<file>', 'what was captured from the device; - reads standard input')
    .option('--settings <name=value>', 'a setting of driver hl7; may be repeated', (setting: string, before: readonly string[]) => [...before, setting], [])
    .option('--json', 'one JSON object')
    .action((file: string, options: Options) => learn(file, options, context))
}

async function learn(file: string, { settings, json }: Options, context: CliContext): Promise<void> {
  const { Learner } = await import('../../drivers/hl7/learn.ts')
  const { driverOf } = await import('../drivers.ts')
  const learner = madeBy(() => new Learner(settingsOf(driverOf('hl7'), settings ?? [])))
  for await (const chunk of untilStopped(file === '-' ? context.stdin : bytesOf(file), context.stop)) learner.push(chunk)
  if (context.stop.aborted) throw new CommandFailed('stopped before the end of the input')
  const learnt = learner.end()
  if (learnt.messages === 0) throw new CommandFailed('there is no HL7 message in it')
  if (json === true) context.write(JSON.stringify(plainly(learnt)))
  else for (const line of reportOf(learnt)) context.write(line)
}

/** @throws UsageError where a setting is wrong. */
function madeBy<Made>(make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error
  }
}

const plainly = ({ profiles, types, codes, ...rest }: Learnt): object =>
  ({ ...rest, profiles: Object.fromEntries(profiles), types: Object.fromEntries(types), codes: codes.map(plain) })
const plain = ({ reasons, ...code }: LearntCode): object => ({ ...code, reasons: Object.fromEntries(reasons) })
const counted = (counts: ReadonlyMap<string, number>): string => Array.from(counts, ([word, count]) => `${word} ${count}`).join(', ')
const becameOf = ({ metric, reasons }: LearntCode): string => [metric ?? '', counted(reasons)].filter((words) => words !== '').join('; ')
const rangeOf = ({ range }: LearntCode): string => (range === null ? '' : [...new Set(range)].join(' to '))

const placesOf = ({ channels }: LearntCode): string => (channels.length === 0 ? '' : `OBX-4 ${channels.join(' ')}`)

/** What a person reads: each code, then those that were never believed as rows for a profile. */
function reportOf(learnt: Learnt): readonly string[] {
  const { messages, types, profiles, codes, rowsBeyond } = learnt
  // A unit that does not fit is nothing that a profile could mend.
  const isStrange = (why: string): boolean => why.includes('code') && !why.startsWith('unit')
  const strange = codes.filter(({ metric, range, reasons }) => metric === null && range !== null && [...reasons.keys()].some(isStrange))
  return [
    `${messages} messages: ${counted(types)}. Profile: ${counted(profiles)}.`,
    ...(rowsBeyond === 0 ? [] : [`${rowsBeyond} rows of further codes are not told.`]),
    '',
    ...codes.flatMap((code) => [
      `${String(code.count).padStart(7)} × ${code.code} in ${code.unit === '' ? 'no unit' : code.unit}: ${becameOf(code)}`,
      `          ${[code.types.join(' '), rangeOf(code), placesOf(code)].filter((words) => words !== '').join('; ')}`,
    ]),
    ...(strange.length === 0 ? [] : ['', 'For a profile in drivers/hl7/profiles.ts, with the metric that the manual of the device names:']),
    ...strange.map((code) => `  ['${code.code}', ''], // ${code.count} × ${code.unit}, ${rangeOf(code)}: ${becameOf(code)}`),
  ]
}
