/** `vigil verify`: reads everything that a data folder, or a backup, holds, and names what is not as it was written. */

import { storeLimits } from '../limits.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { type FolderOptions, dataFolder, withFolder } from './folder.ts'
import { progressBar } from './progress.ts'

type Options = FolderOptions & { readonly json?: boolean; readonly pages?: boolean }

export const register: Register = (program, context) => {
  withFolder(program.command('verify').description('find rot (CRC) and tampering (seals); also in a backup, with --data <its folder>; the gateway may run'))
    .option('--no-pages', "do not check the file's own structure first, which cannot be stopped half-way")
    .option('--json', 'one JSON object a line: each finding, then the totals')
    .action(async (options: Options) => verify(options, context))
}

async function verify(options: Options, context: CliContext): Promise<void> {
  const folder = await dataFolder(options, context)
  const [{ StoreUnreadable }, { verifyFolder }] = await Promise.all([import('../store/database.ts'), import('../store/verify-folder.ts')])
  const bar = progressBar(context, 'Verify', 1)
  let told = 0
  const tell = (finding: object, sentence: string): void => {
    if (++told > storeLimits.damagedRowsNamedMax) return
    context.write(options.json === true ? JSON.stringify(finding) : sentence)
  }
  try {
    const found = await verifyFolder({
      folder,
      pages: options.pages !== false,
      onPages: (why) => tell({ kind: 'page', why }, `page damage: ${why}`),
      onDamage: ({ table, row, why }) => tell({ kind: 'damage', table, row, why }, `rot: ${table} ${row}: ${why}`),
      onTampering: ({ firstSeq, lastSeq, why }) => tell({ kind: 'tampering', firstSeq, lastSeq, why }, `tampering: rows ${firstSeq} to ${lastSeq}: ${why}`),
      onProgress: (done) => bar.at(done),
    }, context.stop)
    const { verdict, findings, wasStopped } = found
    const totals = `${verdict.rows} rows read, ${verdict.sealed} blocks as they were sealed, ${verdict.unproved} sealed with a key that is not here.`
    context.write(options.json === true ? JSON.stringify({ kind: 'totals', ...verdict, findings }) : totals)
    if (wasStopped) throw new CommandFailed('Stopped before the end.')
    if (findings > 0) throw new CommandFailed(`${findings} findings. Such rows are not shown as values; \`vigil restore\` brings a backup back.`)
  } catch (error) {
    if (error instanceof StoreUnreadable) throw new UsageError(error.message)
    throw error
  }
}
