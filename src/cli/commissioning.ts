/** `vigil commissioning`: what the rules of a ward said, or would have said while it was silent, from its database. */

import { writeFileSync } from 'node:fs'
import { houseLimits } from '../limits.ts'
import { type CliContext, type Register, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'

type Options = FolderOptions & { readonly days?: string; readonly html?: string; readonly json?: boolean }

export const register: Register = (program, context) => {
  withFolder(program.command('commissioning').description('what the rules said, or would have said while the ward was silent: by rule, bed and day; the gateway may run'))
    .option('--days <number>', `how far back, at most ${houseLimits.commissioningDaysMax} (default: since the ward is watched as it is now, or 7)`)
    .option('--html <file>', 'also writes it as a page to print')
    .option('--json', 'one JSON object')
    .action(async (options: Options) => report(options, context))
}

async function report(options: Options, context: CliContext): Promise<void> {
  const days = options.days === undefined ? null : Number(options.days)
  if (days !== null && !(days > 0 && days <= houseLimits.commissioningDaysMax)) throw new UsageError(`--days must be more than 0 and at most ${houseLimits.commissioningDaysMax}.`)
  const folder = await dataFolder(options, context)
  const [{ StoreUnreadable, openReaderDatabase }, { readSaid }, { readStanding }, { commissioningOf, sentenceOfSaid, timeOf }, { commissioningHtml }, { readWardMode }, { REAL_TIME }] = await Promise.all([
    import('../store/database.ts'), import('../store/said.ts'), import('../store/standing.ts'), import('../evaluate/commissioning.ts'), import('../evaluate/commissioning-html.ts'),
    import('../domain/ward-mode.ts'), import('../ops/clock.ts'),
  ])
  const beds = await bedsOf(options)
  try {
    const { db } = openReaderDatabase(folder)
    try {
      const mode = readWardMode(readStanding(db, []).find(({ key }) => key === 'mode')?.value)
      const time = timeOf(context.clockOf(REAL_TIME).wall(), { days, since: mode?.since ?? null })
      const said = readSaid(db, time)
      const known = beds ?? [...new Set(said.changes.map(({ bed }) => bed))].map((id) => ({ id, label: id }))
      const view = commissioningOf(known, said, time)
      if (options.html !== undefined) writeFileSync(options.html, commissioningHtml(view, options.config ?? folder))
      context.write(options.json === true ? JSON.stringify(view) : sentenceOfSaid(view))
      if (options.json !== true) for (const { words, priority, alerts } of view.rules) context.write(`${String(alerts).padStart(6)}  ${priority.padEnd(6)}  ${words}`)
    } finally {
      db.close()
    }
  } catch (error) {
    if (error instanceof StoreUnreadable) throw new UsageError(error.message)
    throw error
  }
}

/** With the labels of the ward, where its configuration is named; null: the beds that the log knows. */
async function bedsOf({ config }: FolderOptions) {
  if (config === undefined) return null
  const [{ loadSite }, { bedId }] = await Promise.all([import('../config/load.ts'), import('../domain/ids.ts')])
  const loaded = loadSite(config)
  return loaded.kind === 'wrong' ? null : loaded.site.beds.map(({ id, label }) => ({ id: bedId(id), label }))
}
