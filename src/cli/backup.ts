/** `vigil backup`: a verified copy of the gateway's data, made while it runs. */

import { type CliContext, CommandFailed, type Register } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'
import { progressBar } from './progress.ts'
import { versionOf } from './version.ts'

type Options = FolderOptions & { readonly keys?: boolean; readonly json?: boolean }

export const register: Register = (program, context) => {
  withFolder(program.command('backup <target>').description('copy the database to a new folder while the gateway runs, and read the copy back'))
    .option('--keys', 'with the keys of the seals: keep such a backup as you keep a password')
    .option('--json', 'print the manifest')
    .action(async (target: string, options: Options) => backup(target, options, context))
}

async function backup(target: string, options: Options, context: CliContext): Promise<void> {
  const folder = await dataFolder(options, context)
  const { makeBackup } = await import('../store/backup.ts')
  const bar = progressBar(context, 'Backup', 1)
  const order = { folder, target, withKeys: options.keys === true, version: versionOf(context.root), now: context.clockOf({ originMs: 0, speed: 1 }).wall() }
  const result = await makeBackup(order, (done) => bar.at(done), context.stop)
  if (result.kind === 'failed') throw new CommandFailed(result.why)
  const { manifest } = result
  if (options.json === true) context.write(JSON.stringify({ target: result.target, ...manifest }))
  else context.write(`${result.target}: ${manifest.rows} rows up to ${manifest.lastSeq}, ${manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)} bytes, read back.`)
  if (manifest.damagedRows > 0) context.note(`${manifest.damagedRows} rows are damaged, here as in the database: see \`vigil verify\`.`)
}
