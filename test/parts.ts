/** Real parts that a machine may lack: skipped with a printed reason here, a failure in CI, where .ci/run installs them. */

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

export const programPath = (name: string): string | undefined => FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))

/** null when the part is there; else the reason, printed once. @throws Error in CI. */
export function lacking(part: string, isThere: boolean): string | null {
  if (isThere) return null
  if (process.env['CI'] === 'true') throw new Error(`${part} is missing, and CI must have it: .ci/run installs it`)
  const reason = `${part} is not on this machine`
  process.stderr.write(`skipped: ${reason}\n`)
  return reason
}
