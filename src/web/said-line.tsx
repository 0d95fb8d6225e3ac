import type { Saying } from './said.ts'

/** What became of the last word, and the way to take it back. */
export function SaidLine({ saying: { said, say } }: { readonly saying: Saying }) {
  switch (said.kind) {
    case 'idle':
      return null
    case 'sending':
      return <p class="hint" role="status">saving…</p>
    case 'failed':
      return <p class="failed" role="alert">Not saved. {said.why}</p>
    case 'done': {
      const { undo } = said
      return (
        <p class="said" role="status">
          <span>{said.words}</span>
          {undo !== null && <button type="button" class="quiet" onClick={() => void say(undo.path, undo.body, { words: 'Taken back.', undo: null })}>Undo</button>}
        </p>
      )
    }
  }
}
