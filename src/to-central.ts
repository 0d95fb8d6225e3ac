/** Composition of what leaves the ward: the sync thread, what is told of it, and what retention has to know of it. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { versionOf } from './cli/version.ts'
import type { SecretSetting, Site } from './config/schema.ts'
import type { SyncStatus } from './domain/batch.ts'
import { RELEASED_KEY } from './domain/releases.ts'
import type { WallMs } from './domain/time.ts'
import type { GatewaySetting } from './gateway.ts'
import { syncLimits } from './limits.ts'
import type { Notices } from './ops/notices.ts'
import { lagText } from './ops/sync-lag.ts'
import type { Pump } from './pump/pump.ts'
import type { Clock, Standing } from './seams.ts'
import type { Opened } from './store/store.ts'
import type { SentSoFar } from './store/retention-loop.ts'
import { deliveriesOf } from './sync/deliveries.ts'
import { type SyncHandle, startSync } from './sync/start.ts'

export type ToCentralParts = {
  readonly folder: string
  readonly opened: Pick<Opened, 'beginEpoch'>
  readonly clock: Clock
  readonly say: Pump<unknown>['gatewayCondition']
  readonly notices: Notices
  readonly secretOf: (secret: SecretSetting) => string
  /** How far the store has come. */
  readonly storedTo: () => number
  /** Whether it is on disk. */
  readonly write: (standing: Standing) => Promise<boolean>
}

export interface ToCentral {
  /** Nothing leaves before. */
  begin(): void
  /** null before it began, and where nothing is sent. */
  status(): SyncStatus | null
  committed(lastSeq: number): void
  sent(): SentSoFar
  /** The database is another: how far central had the last one says nothing of this one. */
  replaced(): void
  /** Once a tick: a central that takes nothing. */
  tick(): void
  stop(): Promise<void>
}

const CONDITIONS = ['technical/sync-paused', 'technical/egress-stopped', 'technical/identity-shared', 'technical/sync-behind'] as const

export function openToCentral({ site, siteFile, context, clock: clockSetting, log }: GatewaySetting, { folder, opened, clock, say, notices, secretOf, storedTo, write }: ToCentralParts): ToCentral {
  const deliveries = deliveriesOf(site, { secretOf, fileOf: (path) => readFileSync(resolve(dirname(siteFile), path), 'utf8') })
  const startedAt = clock.wall()
  let sync: SyncHandle | null = null
  let sent: SentSoFar = deliveries.length > 0 ? { kind: 'unknown' } : { kind: 'off' }
  let acceptedAt: WallMs | null = null
  /** undefined: what was open before the start is not judged yet. */
  let lagTold: string | null | undefined

  function begin(): void {
    if (sync || deliveries.length === 0) return
    sync = startSync(
      {
        folder,
        gatewayId: site.gateway.id,
        organizationId: site.gateway.organization,
        version: versionOf(context.root),
        deliveries,
        timeZone: site.gateway.timeZone,
        instance: randomUUID(),
        clock: clockSetting,
        identifiers: identifiersOf(site),
      },
      { clock },
    )
    sync.committed(storedTo())
    sync.onAdvanced((seq) => (sent = { kind: 'known', seq, lastAcceptedAt: acceptedAt }))
    sync.onSetAside((moved, why) => {
      log.error({ folder: moved, why }, 'sync.db was damaged and set aside.')
      notices.ledgerSetAside(moved)
    })
    sync.onReleased((sink, so) => void write({ key: `${RELEASED_KEY}${sink}`, at: clock.wall(), value: so }))
    sync.onForked(({ why, afterSeq }) => {
      void opened.beginEpoch(why, afterSeq).then((done) => {
        if (!done) return
        log.warn({ why }, 'A new epoch of the database begins.')
        notices.began(why)
        sync?.restart()
      })
    })
    sync.onStatus(tell)
  }

  function tell({ kind, why, stoppedByScanner, lastAcceptedAt, fenced, sinks }: SyncStatus): void {
    const held = sinks ? 'A sink is paused' : 'Nothing is sent to central'
    // Until it has said how far central is, nobody knows.
    if (sent.kind === 'known') sent = { ...sent, lastAcceptedAt }
    acceptedAt = lastAcceptedAt
    say('technical/identity-shared', fenced ? { priority: 'medium', text: `${held}: ${why}` } : null)
    say('technical/sync-paused', kind === 'paused' && !fenced ? { priority: 'low', text: `${held}: ${why}` } : null)
    const stopped = stoppedByScanner > 0 ? { priority: 'low' as const, text: `${stoppedByScanner} events were kept back because they held an identifier: see "vigil sync dead-letters list"` } : null
    say('technical/egress-stopped', stopped)
  }

  // Said before the restart, and nobody is left to take it back.
  if (deliveries.length === 0) for (const condition of CONDITIONS) say(condition, null)
  return {
    begin,
    status: () => sync?.status() ?? null,
    committed: (lastSeq) => sync?.committed(lastSeq),
    sent: () => sent,
    replaced() {
      if (sent.kind === 'known') sent = { kind: 'unknown' }
      sync?.restart()
    },
    tick() {
      const text = sync && lagText(sync.status(), { startedAt, now: clock.wall() })
      if (text !== lagTold) say('technical/sync-behind', text === null ? null : { priority: 'low', text })
      lagTold = text
    },
    stop: async () => sync?.stop(),
  }
}

/** Names of this site that must never leave the ward. */
function identifiersOf(site: Site): string[] {
  const names = [
    site.gateway.ward,
    ...site.beds.flatMap(({ id, label, location, fields }) => [id, label, location ?? [], Object.values(fields ?? {})].flat()),
    ...site.devices.flatMap(({ id, match }) => [id, match?.sender ?? [], match?.location ?? [], match?.address ?? []].flat()),
  ]
  return [...new Set(names)].slice(0, syncLimits.identifiersMax)
}
