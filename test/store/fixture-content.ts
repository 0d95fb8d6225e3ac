/** What the readers say of a data folder: for fixtures of released versions, which must go on saying it. */

import { openReaderDatabase } from '../../src/store/database.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { readOpening } from '../../src/store/opening.ts'
import { readStrips } from '../../src/store/strips.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'

const SINK = 'https-batch'

function stripsIn(folder: string): unknown {
  const { db } = openReaderDatabase(folder)
  try {
    return readStrips(db, 'alert-1').strips.map((strip) => ({ ...strip, samples: [...strip.samples] }))
  } finally {
    db.close()
  }
}

/** Plain JSON: what comes out equals what was written down once. Opens sync.db as the gateway would, which carries it forward. */
export function contentOf(folder: string): unknown {
  const opening = readOpening(folder)
  if (opening.kind === 'refused') throw new Error(opening.why)
  using log = openLogReader(folder)
  using ledger = openSyncLedger(folder, { mode: 'existing' })
  const content = {
    epoch: log.epoch,
    rows: log.read(0, 1_000),
    stays: opening.stays,
    openAlertEvents: opening.openAlertEvents,
    messages: opening.messages,
    quarantined: log.quarantined(100).map((frame) => ({ ...frame, bytes: [...frame.bytes] })),
    dropped: log.quarantineDropped(),
    strips: stripsIn(folder),
    damaged: [...opening.damaged, ...log.damaged()],
    sync: {
      epoch: ledger.currentEpoch(),
      cursor: ledger.cursor(SINK, log.epoch),
      pending: ledger.pending(SINK)?.batchId,
      withheld: ledger.withheld(SINK, log.epoch),
      letters: ledger.deadLetters(SINK, 10),
      status: ledger.status(SINK),
      surrogate: ledger.surrogates(log.epoch).of('stay', 'stay-1'),
    },
  }
  return JSON.parse(JSON.stringify(content))
}
