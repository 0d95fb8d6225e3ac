/** A verification from the outside, on a connection of its own. */

import type { Damage } from './rows.ts'
import { openReaderDatabase } from './database.ts'
import { sealKeys } from './seal-key.ts'
import { type Tampering, type Verdict, verifying } from './verify.ts'

export type VerifyOrder = {
  readonly folder: string
  /** The structure of the file too. */
  readonly pages: boolean
  readonly onPages: (why: string) => void
  readonly onDamage: (damage: Damage) => void
  readonly onTampering: (tampering: Tampering) => void
  readonly onProgress: (done: number) => void
}

export type Verified = { readonly verdict: Verdict; readonly findings: number; readonly wasStopped: boolean }

/** @throws StoreUnreadable when there is no database that can be read, SqliteError when pages beside the log cannot be. */
export async function verifyFolder({ folder, pages, onPages, onDamage, onTampering, onProgress }: VerifyOrder, stop: AbortSignal): Promise<Verified> {
  const { db } = openReaderDatabase(folder)
  let findings = 0
  const counted = <Finding>(tell: (finding: Finding) => void) => (finding: Finding): void => {
    findings++
    tell(finding)
  }
  try {
    if (pages) {
      const found = db.prepare<[], { readonly quick_check: string }>('PRAGMA quick_check(100)').all()
      for (const { quick_check: why } of found) if (why !== 'ok') counted(onPages)(why)
    }
    const steps = verifying({ db, keys: sealKeys(folder), onDamage: counted(onDamage), onTampering: counted(onTampering) })
    for (;;) {
      const step = steps.next()
      if (step.done === true) return { verdict: step.value, findings, wasStopped: false }
      onProgress(step.value.done / step.value.of)
      if (stop.aborted) return { verdict: { rows: step.value.done, sealed: 0, unproved: 0 }, findings, wasStopped: true }
      await new Promise((next) => setImmediate(next))
    }
  } finally {
    db.close()
  }
}
