/** The README's figures of the rules are those that the command printed into the page beside the code. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const cellsOf = (file: string, policy: RegExp): readonly string[] => {
  const row = readFileSync(join(ROOT, file), 'utf8').split('\n').find((line) => line.startsWith('|') && policy.test(line.split('|')[1] ?? ''))
  return (row ?? '').split('|').map((cell) => cell.trim())
}
const percent = (share: string | undefined): string => `${(100 * Number(share)).toFixed(1)} %`

it.each([['vigil', /^ `vigil`/, /^ vigil /], ['news2>=5', /news2>=5/, /^ news2>=5 /]])('%s', (_name, inReadme, inFrontier) => {
  const [, , newInWindow, others, episodes] = cellsOf('README.md', inReadme)
  const frontier = cellsOf('src/evaluate/README.md', inFrontier)
  expect([newInWindow, others, episodes]).toEqual([percent(frontier[8]), percent(frontier[10]), frontier[11]])
})
