/** What a verification finds in a folder, by table and row. */

import { openReaderDatabase } from '../../src/store/database.ts'
import { verifying } from '../../src/store/verify.ts'

export function openVerified(folder: string): readonly string[] {
  const { db } = openReaderDatabase(folder)
  const found: string[] = []
  try {
    const steps = verifying({ db, keys: new Map(), onDamage: ({ table, row }) => void found.push(`${table} ${row}`), onTampering: ({ firstSeq }) => void found.push(`block ${firstSeq}`) })
    while (steps.next().done !== true);
    return found
  } finally {
    db.close()
  }
}
