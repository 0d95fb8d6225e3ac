/** The hospital's registry, asked: who has this number on the wristband, who lies in this bed. Where driver and link meet. */

import { type RegistryAnswer, type RegistryDialect, type RegistryQuestion, readRegistryAnswer, registryQuery } from '../drivers/hl7/query.ts'
import { askOverMllp } from './links/mllp-question.ts'
import { linkLimits } from './limits.ts'
import type { Clock } from './seams.ts'

export type RegistrySetting = {
  readonly host: string
  readonly port: number
  readonly dialect: RegistryDialect
  /** MSH-5 and MSH-6; empty where the registry does not look. */
  readonly application: string
  readonly facility: string
  /** Whose patient numbers count (PID-3.4, blanks written as _); empty: anybody's. */
  readonly authority: string
  readonly timeoutMs?: number
}

/** `unknown`: the registry says nothing, or not now; nobody may take that for "there is no such patient". */
export type Asked = RegistryAnswer | { readonly kind: 'unknown'; readonly why: string }

export interface Registry {
  /** Never rejects; over within the time for a question. */
  ask(question: RegistryQuestion, stop: AbortSignal): Promise<Asked>
}

/** Questions of one millisecond are numbered in two places of base 36. */
const NUMBERED = 36 ** 2

export function createRegistry(setting: RegistrySetting, clock: Pick<Clock, 'wall'>): Registry {
  const { host, port, dialect, application, facility, authority, timeoutMs } = setting
  let underWay = 0
  let count = 0

  return {
    async ask(question, stop) {
      if (underWay >= linkLimits.questionsMax) return { kind: 'unknown', why: 'Too many questions to the registry are under way: ask again.' }
      const at = clock.wall()
      count = (count + 1) % NUMBERED
      // Ten characters, and not one that was used before a restart.
      const controlId = `${at.toString(36).slice(-8)}${count.toString(36).padStart(2, '0')}`.toUpperCase()
      const bytes = registryQuery(question, { dialect, controlId, at, application, facility, authority })
      const read = (message: Uint8Array): RegistryAnswer | null => readRegistryAnswer(message, { controlId, authority, question })
      underWay++
      try {
        const answered = await askOverMllp({ host, port, bytes, read, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, stop)
        return answered.kind === 'answered' ? answered.answer : { kind: 'unknown', why: `The registry does not answer (${answered.why}).` }
      } finally {
        underWay--
      }
    },
  }
}
