/** Between a tap and the gateway, at a screen of the ward: the question who taps. One at a time; a later tap takes the place. */

import { signal, type ReadonlySignal } from '@preact/signals'
import type { ActorProof } from '../api/shift-wire.ts'
import type { Answer } from './api.ts'
import { deedText } from './actor.ts'

/** `why`: the last answer was refused, and why. */
export type Question = { readonly id: number; readonly deed: string; readonly why: string; readonly isBusy: boolean }

export type ActorGate = {
  readonly question: ReadonlySignal<Question | null>
  /** Somebody says who she is; null: nobody does. */
  answer(proof: ActorProof | null): void
  /** Sends with a proof where there must be one. */
  pass(path: string, body: object, send: (body: object) => Promise<Answer>): Promise<Answer>
}

const NOBODY: Answer = { kind: 'failed', why: 'Nothing was done: nobody said who.' }

/** `isNeeded`: this screen is nobody's. */
export function createActorGate(isNeeded: () => boolean): ActorGate {
  const question = signal<Question | null>(null)
  let asked = 0
  let answered: ((proof: ActorProof | null) => void) | null = null

  const next = (of: Question): Promise<ActorProof | null> => {
    question.value = of
    return new Promise((resolve) => (answered = resolve))
  }
  const answer = (proof: ActorProof | null): void => {
    const resolve = answered
    answered = null
    resolve?.(proof)
  }

  return {
    question,
    answer,
    async pass(path, body, send) {
      if (!isNeeded() || path.startsWith('/api/log')) return send(body)
      answer(null)
      const id = ++asked
      for (let why = ''; ; ) {
        const proof = await next({ id, deed: deedText(path), why, isBusy: false })
        // Another question stands there by now.
        if (id !== asked) return NOBODY
        if (proof === null) {
          question.value = null
          return NOBODY
        }
        question.value = { id, deed: deedText(path), why: '', isBusy: true }
        const said = await send({ ...body, actor: proof })
        const isRefused = said.kind === 'failed' && (said.status === 403 || said.status === 429)
        if (id !== asked) return said
        if (!isRefused) {
          question.value = null
          return said
        }
        why = said.why
      }
    },
  }
}
