/**
 * Each value is at the far end once: through a network that loses, repeats, reorders, delays and cuts, over kills of the gateway and of the other
 * side, and when every batch comes once more 25 hours later. `sent` are the keys of the events that were cut, `distinct` those that are there.
 *
 * Who cannot promise it is not here: `patients-api` has no idempotency. The control sends a few batches again without their keys.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SinkBatch } from '../../src/seams.ts'
import { openSink } from '../../src/sync/sinks/open.ts'
import type { SinkSpec } from '../../src/sync/sinks/open.ts'
import { type Receiver, RECEIVERS } from './once-receivers.ts'
import { type Judged, OnceWard, isOnce, withoutKeys } from './once-ward.ts'
import { type Prove, type ProveSetting, randomOf } from './prove.ts'
import { rest } from './senders.ts'

const ROWS_PER_BATCH = 4
/** Rows that wait at most: much more than a batch, so that the newest overtake the rest. */
const LAG_ROWS = 240
/** Environment variable for who mends a sink: batches of each, where 10,000 are too many. */
const BATCHES = 'VIGIL_PROVE_BATCHES'
const CONTROL_BATCHES = 8
/** A side that stands still for so long stands still for good. */
const STALL_MS = 60_000

type Trial = { readonly judged: Judged; readonly control: Judged; readonly figures: Readonly<Record<string, number | string>> }

export const prove: Prove = async (setting) => {
  const { quick, say } = setting
  const figures: Record<string, number | string> = {}
  let pass = true
  let failed = true
  const size = quick ? { batches: 60, restarts: 1 } : { batches: Number(process.env[BATCHES] ?? 10_000), restarts: 12 }
  for (const [name, { lacks, open }] of Object.entries(RECEIVERS)) {
    if (quick && name !== 'https-batch') continue
    const why = lacks()
    if (why !== '') {
      // Of real parts, CI must have all.
      if (process.env['CI'] === 'true') throw new Error(`${name}: ${why} is missing`)
      figures[name] = `skipped: ${why} is not here`
      continue
    }
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vigil-once-far-'))
    try {
      await using receiver = await open({ folder: quick ? null : folder, seed: setting.seed })
      const { judged, control, figures: own } = await tried(name, receiver, { ...size, ...setting })
      say(`${name}: ${JSON.stringify(judged)}; control ${JSON.stringify(control)}`)
      pass &&= isOnce(judged)
      failed &&= control.duplicates > 0
      for (const [what, value] of Object.entries(own)) figures[`${name}: ${what}`] = value
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return { kind: 'judged', pass, figures, control: { ran: true, failed } }
}

async function tried(name: string, receiver: Receiver, { batches, restarts, quick, seed, say }: ProveSetting & { readonly batches: number; readonly restarts: number }): Promise<Trial> {
  const random = randomOf(seed + 1)
  using ward = new OnceWard(receiver.to, ROWS_PER_BATCH)
  ward.write(LAG_ROWS)
  ward.start()
  const started = performance.now()
  const troubles = new AbortController()
  const troubled = receiver.makeTrouble(troubles.signal)
  let nextRestart = batches / (restarts + 1)
  let stalled = { cut: 0, at: performance.now() }
  for (let told = 0; ward.cut < batches; ) {
    if (ward.lastSeq - ward.sentTo < LAG_ROWS) ward.write(ROWS_PER_BATCH * (1 + random.int(8)))
    await rest(5)
    if (ward.hasDied) throw new Error(`${name}: the gateway ended by itself`)
    if (ward.cut >= nextRestart) {
      nextRestart += batches / (restarts + 1)
      const who = quick ? 0 : random.int(3)
      await Promise.all([...(who < 2 ? [ward.restart()] : []), ...(who > 0 ? [receiver.restart()] : [])])
    }
    if (ward.cut > stalled.cut) stalled = { cut: ward.cut, at: performance.now() }
    else if (performance.now() - stalled.at > STALL_MS) throw new Error(`${name}: nothing was sent for ${STALL_MS / 1_000} s`)
    if (ward.cut - told >= 2_000) {
      told = ward.cut
      say(`${name}: ${ward.cut} batches, ${ward.lastSeq - ward.sentTo} rows behind`)
    }
  }
  troubles.abort()
  await troubled
  const deadline = performance.now() + STALL_MS
  while (ward.sentTo < ward.lastSeq) {
    if (performance.now() > deadline) throw new Error(`${name}: ${ward.lastSeq - ward.sentTo} rows are left over`)
    await rest(20)
  }
  await ward.kill()
  const seconds = (performance.now() - started) / 1_000
  const sent = ward.batches()
  // A start of central takes seconds, and what it keeps has no window that could close.
  if (!quick) await receiver.later()
  const repeats = await replay(receiver.direct, sent)
  const judged = ward.judge(await receiver.held())
  await replay(receiver.direct, sent.slice(-CONTROL_BATCHES).map(withoutKeys))
  const control = ward.judge(await receiver.held())
  return {
    judged, control,
    figures: {
      batches: sent.length, 'events sent, distinct there': `${judged.sent}, ${judged.distinct}`, 'values missing, twice, never sent': `${judged.missing}, ${judged.duplicates}, ${judged.spurious}`,
      'gateway killed': ward.restarts, troubles: receiver.told(), [quick ? 'replayed' : 'replayed 25 h later']: repeats, seconds: Math.round(seconds), 'control: values twice': control.duplicates,
    },
  }
}

/** In an order that is not theirs. */
async function replay(to: SinkSpec, batches: readonly SinkBatch[]): Promise<number> {
  const sink = await openSink(to, { id: 'replay', organizationId: 'org', instance: 'replay', memory: { get: () => null, put: () => undefined, count: () => undefined }, identityOf: () => null })
  let taken = 0
  try {
    for (const batch of batches.toReversed()) {
      for (let tries = 0; ; tries++) {
        const answer = await sink.send(batch, AbortSignal.timeout(60_000))
        if (answer.kind === 'accepted' || answer.kind === 'duplicate' || answer.kind === 'partly') {
          taken++
          break
        }
        if (tries > 100) throw new Error(`a replay is not taken: ${JSON.stringify(answer)}`)
        await rest(50)
      }
    }
  } finally {
    await sink.close()
  }
  return taken
}
