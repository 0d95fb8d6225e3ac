/** A word that somebody says by a form: on its way, refused, or done, with what takes it back. */

import { useState } from 'preact/hooks'
import { post } from './api.ts'

export type Undo = { readonly path: string; readonly body: object }
export type Said = { readonly kind: 'idle' | 'sending' } | { readonly kind: 'failed'; readonly why: string } | { readonly kind: 'done'; readonly words: string; readonly undo: Undo | null }

export type Saying = { readonly said: Said; readonly say: (path: string, body: object, of: { readonly words: string; readonly undo: Undo | null }) => Promise<boolean> }

/** True when it was done. */
export function useSaying(): Saying {
  const [said, setSaid] = useState<Said>({ kind: 'idle' })
  return {
    said,
    async say(path, body, { words, undo }) {
      setSaid({ kind: 'sending' })
      const answer = await post(path, body)
      setSaid(answer.kind === 'done' ? { kind: 'done', words, undo } : { kind: 'failed', why: answer.why })
      return answer.kind === 'done'
    },
  }
}
