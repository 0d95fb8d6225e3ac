/** Which Vigil this is, as package.json says. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function versionOf(root: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown'
}
