/** Who looked at what names people, and why: written down before it is shown. */

import { appendFile, chmod } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type WallMs, isoOf } from '../domain/time.ts'
import { toolLimits } from '../limits.ts'
import { UsageError } from './context.ts'

export type AccessOptions = { readonly by?: string; readonly reason?: string }

export const ACCESS_FILE = 'person-access.log'

/** A line that stays. @throws UsageError when it is not said who and why. */
export async function writePersonAccess(folder: string, of: { readonly at: WallMs; readonly options: AccessOptions; readonly what: string; readonly about: object }): Promise<void> {
  const line = { at: isoOf(of.at), by: words('--by', of.options.by), reason: words('--reason', of.options.reason), account: account(), what: of.what, ...of.about }
  const path = join(folder, ACCESS_FILE)
  await appendFile(path, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true })
  await chmod(path, 0o600)
}

function words(option: string, text: string | undefined): string {
  const said = text?.trim() ?? ''
  if (said !== '' && said.length <= toolLimits.accessWordsCharsMax && !/\p{Cc}/u.test(said)) return said
  throw new UsageError(`this is about a person: say ${option} in 1 to ${toolLimits.accessWordsCharsMax} characters; it is written down`)
}

/** Not every account has a name. */
function account(): string {
  try {
    return userInfo().username
  } catch {
    return 'unnamed'
  }
}
