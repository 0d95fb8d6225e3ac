/**
 * What a gateway says once and what then stands until a person has acknowledged it: its database was set aside, it is a copy.
 * It is an alert like any other, kept over restarts; when it is acknowledged, it ends.
 */

import type { Alert, Priority } from '../domain/alert.ts'
import type { EpochReason } from '../seams.ts'

type Said = { readonly priority: Priority; readonly text: string }
type Say = (condition: string, said: Said | null) => void

const SET_ASIDE = 'technical/store-set-aside'
const EPOCH = 'technical/store-epoch'
const LEDGER = 'technical/ledger-set-aside'
const REFUSED = 'technical/rows-refused'
const LOST = 'technical/rows-lost'
const STANDING: readonly string[] = [SET_ASIDE, EPOCH, LEDGER, REFUSED, LOST]

export type SetAsideFacts = { readonly folder: string; readonly stays: number; readonly alerts: number; readonly isPartial: boolean }

const EPOCH_TEXTS: Readonly<Record<EpochReason, string | null>> = {
  created: null,
  // Said by the notice of the file that was set aside.
  'set-aside': null,
  restored: null,
  cloned: 'This data folder is a copy, so its new rows go to central under a new epoch. If the original still runs, give one of the two another gateway id',
  'rolled-back': 'The database is older than what central has of it: it was set back. New rows go to central under a new epoch; "vigil restore" brings a newer backup back',
  'ledger-lost': 'The record of what central has was lost: central is asked, and new rows go to it under a new epoch',
}

export class Notices {
  readonly #say: Say
  readonly #open: () => Iterable<Alert>
  /** The last words on what stands. */
  readonly #said = new Map<string, Said>()
  #refusedRows = 0
  #lost: string | null = null

  constructor(say: Say, open: () => Iterable<Alert>) {
    this.#say = say
    this.#open = open
  }

  setAside({ folder, stays, alerts, isPartial }: SetAsideFacts): void {
    const carried = `${stays} open stays and ${alerts} open alerts were carried over${isPartial ? ', there may have been more' : ''}`
    const text = `The database was damaged and lies in ${folder}; ${carried}. Bring the rest back: stop the gateway, "vigil restore <backup>". "vigil verify --data ${folder}" shows what it holds`
    this.#tell(SET_ASIDE, { priority: 'high', text })
  }

  began(why: EpochReason): void {
    const text = EPOCH_TEXTS[why]
    if (text !== null) this.#tell(EPOCH, { priority: 'medium', text })
  }

  ledgerSetAside(folder: string): void {
    this.#tell(LEDGER, { priority: 'medium', text: `sync.db was damaged and lies in ${folder}: sync goes on with a new one, dead letters and withheld counts of before are in the old` })
  }

  /** Rows that the database would not take, so far. */
  refused(rows: number): void {
    if (rows <= this.#refusedRows) return
    this.#refusedRows = rows
    this.#tell(REFUSED, { priority: 'medium', text: `${rows} rows were refused by the database and lie in quarantine: "vigil quarantine list" names them` })
  }

  /** What was never stored though nobody sends it again, so far, in words: said when the disk is well again, for until then it grows and is said with the fault. */
  lost(what: string | null): void {
    if (what === this.#lost) return
    this.#lost = what
    if (what !== null) this.#tell(LOST, { priority: 'medium', text: `The disk is well again. Since this start ${what} were lost: they are in no trend and no report` })
  }

  /** Those that were acknowledged end; those that read differently by now are said again, for alerts are not changed at any pace. */
  tick(): void {
    for (const condition of STANDING) this.#endAcknowledged(condition)
    const texts = new Map([...this.#open()].map(({ condition, text }) => [condition, text]))
    for (const [condition, said] of this.#said) if (texts.get(condition) !== said.text) this.#say(condition, said)
  }

  /** What was acknowledged was what was said before: this is news. */
  #tell(condition: string, said: Said): void {
    this.#endAcknowledged(condition)
    this.#said.set(condition, said)
    this.#say(condition, said)
  }

  #endAcknowledged(condition: string): void {
    if (![...this.#open()].some((alert) => alert.condition === condition && alert.acknowledged)) return
    this.#said.delete(condition)
    this.#say(condition, null)
  }
}
