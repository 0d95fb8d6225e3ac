/** The pages, built when they are missing or older than their source. */

import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Builds src/web into dist/web. Does nothing in an installation that came with its pages and without the builder. */
export async function buildPages(root: string, note: (line: string) => void): Promise<void> {
  const source = join(root, 'src', 'web')
  const built = join(root, 'dist', 'web', 'index.html')
  if (existsSync(built) && (await stat(built)).mtimeMs > (await newest(source))) return
  if (!existsSync(join(root, 'node_modules', 'vite'))) {
    if (!existsSync(built)) note('The pages are not built and the builder is not installed: run "npm ci" with development packages, then "npm run build".')
    return
  }
  note('Building the pages (a few seconds, once)…')
  const { build } = await import('vite')
  await build({ configFile: join(source, 'vite.config.ts'), logLevel: 'warn' })
}

async function newest(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const times = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).mtimeMs))
  return Math.max(0, ...times)
}
