/** Which data folder a command means: that of the site file, as given, or the demo's. */

import { dirname, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type CliContext, UsageError } from './context.ts'

export type FolderOptions = { readonly data?: string; readonly config?: string }

export const DEMO_FOLDER = join('.vigil', 'demo')

/** Adds `--config` and `--data`. */
export const withFolder = (command: Command): Command =>
  command
    .addOption(new Option('--config <file>', 'the site file; its data folder is meant').conflicts('data'))
    .option('--data <folder>', `data folder of the gateway (default: ${DEMO_FOLDER})`)

/** @throws UsageError when the site file is wrong. */
export async function dataFolder({ data, config }: FolderOptions, { root }: Pick<CliContext, 'root'>): Promise<string> {
  if (data !== undefined) return resolve(data)
  if (config === undefined) return join(root, DEMO_FOLDER)
  const { loadSite } = await import('../config/load.ts')
  const loaded = loadSite(config)
  if (loaded.kind === 'wrong') throw new UsageError(loaded.problems.join('\n'))
  return resolve(dirname(loaded.file), loaded.site.gateway.data)
}
