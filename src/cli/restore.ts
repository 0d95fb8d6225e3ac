/** `vigil restore`: puts a backup back into the data folder of a gateway that does not run. */

import { type CliContext, CommandFailed, type Register } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'
import { progressBar } from './progress.ts'

type Options = FolderOptions & { readonly json?: boolean }

export const register: Register = (program, context) => {
  withFolder(program.command('restore <backup>').description('put a backup back; what is in the data folder is set aside, not deleted'))
    .option('--json', 'one JSON object')
    .action(async (backup: string, options: Options) => restore(backup, options, context))
}

const LEDGERS = {
  kept: 'The record of what central has was newer here and stays.',
  restored: 'The record of what central has is that of the backup; central is asked for what came since.',
  none: 'Nothing was ever sent to central from this backup.',
} as const

async function restore(backup: string, options: Options, context: CliContext): Promise<void> {
  const folder = await dataFolder(options, context)
  const { restoreBackup } = await import('../store/restore.ts')
  const bar = progressBar(context, 'Restore', 1)
  const now = context.clockOf({ originMs: 0, speed: 1 }).wall()
  const result = await restoreBackup({ from: backup, folder, now }, (done) => bar.at(done), context.stop)
  if (result.kind === 'failed') throw new CommandFailed(result.why)
  const { manifest, epoch, setAside, ledger, damagedRows, tampered, unproved } = result
  if (options.json === true) {
    context.write(JSON.stringify({ folder, epoch, setAside, ledger, rows: manifest.rows, madeAt: manifest.madeAt, damagedRows, tampered, unproved }))
    return
  }
  context.write(`${folder}: ${manifest.rows} rows up to ${manifest.lastSeq}, of ${manifest.madeAt}. Rows from now on carry the new epoch ${epoch}.`)
  context.write(LEDGERS[ledger])
  if (setAside !== null) context.write(`What was here lies in ${setAside}: delete it when you no longer need it.`)
  if (damagedRows > 0) context.note(`${damagedRows} rows of the backup are damaged and will not be shown.`)
  if (tampered > 0) context.note(`${tampered} blocks are not as they were sealed: somebody changed rows. See \`vigil verify\`.`)
  if (unproved > 0) context.note(`${unproved} blocks are sealed with a key that is not here, so nobody can say whether rows of them were changed.`)
}
