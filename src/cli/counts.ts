/** `vigil counts`: measured values in the gateway's store, and those that central has acknowledged. Reads the folder, not the gateway. */

import { type CliContext, CommandFailed, type Register } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'

type Options = FolderOptions & { readonly json?: boolean; readonly device?: string }
type Count = { readonly device: string; readonly metric: string; readonly stored: number; readonly acknowledged: number }

export const register: Register = (program, context) => {
  withFolder(program.command('counts').description('measured values stored here and acknowledged by central, for each device and metric'))
    .option('--json', 'one JSON object a line')
    .option('--device <id>', 'of this device alone')
    .action(async (options: Options) => {
      const all = await countIn(await dataFolder(options, context), context)
      const counts = all.filter(({ device }) => options.device === undefined || device === options.device)
      for (const count of counts) context.write(options.json === true ? JSON.stringify(count) : sentenceOf(count))
      if (counts.length === 0) context.note(options.device === undefined ? 'Nothing is stored yet.' : `Nothing is stored of "${options.device}".`)
    })
}

/** Sorted by device, then metric. Values that central has and the store has let go since are listed too. */
async function countIn(folder: string, context: CliContext): Promise<readonly Count[]> {
  // Loaded when asked for, so that other commands do not wait for the database library.
  const [{ StoreUnreadable }, { openLogReader }, { acknowledgedCounts }] = await Promise.all([
    import('../store/database.ts'), import('../store/log-reader.ts'), import('../store/sync-ledger.ts'),
  ])
  try {
    using log = openLogReader(folder)
    // Central first: what it acknowledges between the two counts is then not counted as more than is stored.
    const acknowledged = new Map(acknowledgedCounts(folder))
    const stored = log.countValues().map(({ device, metric, values }): Count => {
      const key = `${device}\u0000${metric}`
      const count = { device, metric, stored: values, acknowledged: acknowledged.get(key) ?? 0 }
      acknowledged.delete(key)
      return count
    })
    const damaged = log.damaged().length
    if (damaged > 0) context.note(`Damaged rows: ${damaged}. They are not counted.`)
    const gone = [...acknowledged].map(([key, values]): Count => {
      const [device = '', metric = ''] = key.split('\u0000')
      return { device, metric, stored: 0, acknowledged: values }
    })
    return [...stored, ...gone].toSorted((a, b) => compare(a.device, b.device) || compare(a.metric, b.metric))
  } catch (error) {
    throw error instanceof StoreUnreadable ? new CommandFailed(error.message) : error
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const sentenceOf = ({ device, metric, stored, acknowledged }: Count): string => `${device}  ${metric}  ${stored} stored  ${acknowledged} acknowledged`
