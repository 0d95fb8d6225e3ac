/** Whom to tell of a high that nobody answers: what may stand under `escalation`. */

import { z } from 'zod'
import { personName } from '../people/shift.ts'
import { isId } from '../domain/ids.ts'

const id = z.string().refine(isId, 'must be 1 to 64 letters, digits and ._:@/-')
const person = z.string().refine((name) => personName(name) === name, 'must be 1 to 40 letters, digits, spaces and .\'_@-')
const seconds = z.int().min(30).max(3_600)
const call = { way: id.describe('A way of notify.ways that calls: espa or tap.'), address: z.string().regex(/^[0-9A-Za-z]{1,16}$/, 'must be 1 to 16 letters and digits').describe('Number of the pager or phone.') }

export const escalation = z
  .strictObject({
    buddySeconds: seconds.default(120).describe('The buddy of the nurse is told when a high goes unanswered for so long.'),
    chargeSeconds: seconds.default(300).describe('Then the charge nurse.'),
    team: z
      .strictObject({
        name: person.describe('What the screens call it, as in "rapid response".'),
        seconds: seconds.describe('When it is called; not before the charge nurse.'),
        calls: z.array(z.strictObject(call)).max(16).default([]),
      })
      .optional()
      .describe('A team that is called when the charge nurse does not answer either; without it, nobody more is.'),
    people: z.array(z.strictObject({ name: person.describe('As on the page "Shift": the name that this person signs in with.'), ...call })).max(200).default([]).describe('Who carries a pager. Others are told on the screens.'),
  })
  .prefault({})
  .describe('Who is told of an alert of high priority that nobody answers.')

export type EscalationSetting = z.output<typeof escalation>

/** What the schema cannot say: [where under `escalation`, what is wrong]. `ways`: those that are configured, with their kind. */
export function escalationProblems({ buddySeconds, chargeSeconds, team, people }: EscalationSetting, ways: readonly { readonly id: string; readonly kind: string }[]): readonly (readonly [path: readonly PropertyKey[], problem: string])[] {
  const callProblem = (way: string): string[] => {
    const found = ways.find((one) => one.id === way)
    if (found === undefined) return [`there is no way "${way}" in notify.ways.`]
    return found.kind === 'espa' || found.kind === 'tap' ? [] : [`"${way}" calls nobody by number: name a way of kind espa or tap.`]
  }
  return [
    ...(chargeSeconds < buddySeconds ? [[['chargeSeconds'], 'must not be less than buddySeconds.'] as const] : []),
    ...(team && team.seconds < chargeSeconds ? [[['team', 'seconds'], 'must not be less than chargeSeconds.'] as const] : []),
    ...(team?.calls ?? []).flatMap(({ way }, index) => callProblem(way).map((problem) => [['team', 'calls', index, 'way'], problem] as const)),
    ...people.flatMap(({ way }, index) => callProblem(way).map((problem) => [['people', index, 'way'], problem] as const)),
  ]
}
