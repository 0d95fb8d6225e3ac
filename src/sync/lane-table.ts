/** The lanes as a table for people, made of what the encoders are made of. Pure. */

import { type Shape, linesOf } from './allow-list.ts'
import { LIVE } from './live-schema.ts'
import { RELEASE } from './release-schema.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')

const rowsOf = (events: Readonly<Record<string, Shape>>): readonly string[] =>
  Object.entries(events).flatMap(([type, shape]) => linesOf(shape).map(({ path, says }) => `| ${type} | \`${path}\` | ${cell(says)} |`))

const HEAD = ['| Event | Field | What stands there |', '| --- | --- | --- |']

export const laneTables = (): string => [
  '# What leaves in which lane, field by field',
  '',
  'Made from `src/sync/release-schema.ts` and `src/sync/live-schema.ts` by `npm run docs`; `src/sync/README.md` explains it. A field that is not here does not leave.',
  '',
  '## release',
  '', ...HEAD, ...rowsOf(RELEASE), '',
  '## live, under a data-use agreement',
  '', ...HEAD, ...rowsOf(LIVE), '',
].join('\n')
