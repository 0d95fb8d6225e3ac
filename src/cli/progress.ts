/** A bar on the terminal, where somebody looks at one. */

import type { CliContext } from './context.ts'

export type ProgressBar = { at(done: number): void }

const CELLS = 30
/** One line up, and clear it: notes are whole lines, so the bar is drawn over its own last line. */
const OVER = '\u001b[1A\u001b[2K'

/** Drawn again when it would look different; on anything but a terminal it says nothing. */
export function progressBar({ isTerminal, note }: Pick<CliContext, 'isTerminal' | 'note'>, title: string, total: number): ProgressBar {
  let shown = ''
  return {
    at(done) {
      const part = total === 0 ? 1 : Math.min(1, done / total)
      const cells = Math.round(part * CELLS)
      const text = `${title} [${'█'.repeat(cells)}${'·'.repeat(CELLS - cells)}] ${Math.round(part * 100)} %`
      if (!isTerminal || text === shown) return
      note(`${shown === '' ? '' : OVER}${text}`)
      shown = text
    },
  }
}
