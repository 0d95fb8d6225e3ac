/** Frames that were not believed, within the transaction of the group: kept up to three bounds, the oldest go first. */

import { pumpLimits } from '../limits.ts'
import type { ReplayedFrame } from '../seams.ts'
import { bytesCrc } from './crc.ts'
import type { EncodedFrame } from './tick-codec.ts'
import type { Connection } from './writer-connection.ts'

export function addQuarantined(connection: Connection, frames: readonly EncodedFrame[]): void {
  for (const { at, device, peer, why, length, bytes } of frames) {
    connection.addQuarantined.run({ at, device, peer, why, length, bytes, crc: bytesCrc(bytes, at, device, peer, why, length) })
  }
  // What leaves names people: it is overwritten, in pages that become free too.
  connection.db.pragma('secure_delete = ON')
  try {
    for (const device of new Set(frames.map((frame) => frame.device))) {
      const { changes } = connection.trimQuarantine.run({ device, framesMax: pumpLimits.quarantinedFramesPerDeviceMax })
      if (changes > 0) connection.countDropped.run({ device, frames: changes })
    }
    trimPeers(connection, new Set(frames.filter(({ device }) => device === '').map(({ peer }) => hostOf(peer))))
    for (const { id } of connection.quarantineBeyond.all({ framesMax: pumpLimits.quarantinedFramesMax })) drop(connection, id)
  } finally {
    connection.db.pragma('secure_delete = FAST')
  }
}

/** Among frames of no known device, nobody who sends nonsense pushes out those of another. */
function trimPeers(connection: Connection, hosts: ReadonlySet<string>): void {
  if (hosts.size === 0) return
  const kept = new Map<string, number>()
  for (const { id, peer } of connection.quarantinePeers.all()) {
    const host = hostOf(peer)
    const before = kept.get(host) ?? 0
    if (before < pumpLimits.quarantinedFramesPerPeerMax) kept.set(host, before + 1)
    else if (hosts.has(host)) drop(connection, id)
  }
}

function drop(connection: Connection, id: number): void {
  const removed = connection.removeQuarantined.get({ id })
  if (removed) connection.countDropped.run({ device: removed.device, frames: 1 })
}

/** A monitor that connects again has another port. */
const hostOf = (peer: string): string => peer.replace(/:\d+$/, '')

/** @throws RangeError or SqliteError (constraint) when one of them was brought before: the tick that brings it must fail. */
export function markReplayed(connection: Connection, frames: readonly ReplayedFrame[]): void {
  for (const frame of frames) {
    if (connection.markReplayed.run(frame).changes !== 1) throw new RangeError(`frame ${frame.id} was read again before, or is no longer there`)
  }
}
