/**
 * An acknowledgement leaves the socket only after the fsync of the WAL bytes that hold its message: seen from the kernel, for
 * each single message. Control: a store that says "durable" before it commits.
 */

import { join } from 'node:path'
import { lacking, programPath } from '../parts.ts'
import { ProveWard } from './gateway.ts'
import { Ledger } from './oracle.ts'
import type { Transport } from './payload.ts'
import type { Prove } from './prove.ts'
import { readTrace, traceEnded, traceTo } from './trace.ts'
import { type Order, acknowledgements, orderIn } from './wal-order.ts'

const PATHS = ['mllp', 'mqtt'] as const
const DEVICES = 4
const SETTLE_EARLY = join(import.meta.dirname, 'controls', 'settle-early.ts')

export const prove: Prove = async ({ quick, say }) => {
  const why = lacking('strace', programPath('strace') !== undefined)
  if (why !== null) return { kind: 'skipped', why }
  const perPath = quick ? 100 : 1_000
  const orders = await traced(perPath, [])
  say(`${perPath} messages a path traced; now the control`)
  const control = await traced(perPath / 5, [SETTLE_EARLY])
  const isRight = ({ acknowledged, unproven }: Order): boolean => acknowledged === perPath && unproven.length === 0
  return {
    kind: 'judged',
    pass: PATHS.every((path) => isRight(orders[path])),
    figures: {
      ...Object.fromEntries(PATHS.map((path) => [`${path}: synced before the acknowledgement`, `${orders[path].proven} of ${orders[path].acknowledged}`])),
      ...Object.fromEntries(PATHS.map((path) => [`control, ${path}`, `${control[path].proven} of ${control[path].acknowledged}`])),
    },
    control: { ran: true, failed: PATHS.every((path) => control[path].unproven.length > 0) },
  }
}

/** `perPath` acknowledged messages on each path, and what the kernel saw of them. */
async function traced(perPath: number, imports: readonly string[]): Promise<Readonly<Record<(typeof PATHS)[number], Order>>> {
  await using ward = await ProveWard.open({ devices: { mllp: DEVICES, mqtt: DEVICES } })
  const file = join(ward.folder, 'trace')
  const gateway = await ward.start({ imports, strace: traceTo(file) })
  const ledger = new Ledger()
  const published = new Map<number, readonly number[]>()
  const stop = new AbortController().signal
  await Promise.all(
    ward.devices.map(async (device) => {
      const sender = ward.senderOf(device, ledger)
      const ids: number[] = []
      while (ids.length < perPath / DEVICES) ids.push(await sender.deliver(stop))
      for (const port of sender.ports) published.set(port, ids)
      sender.close()
    }),
  )
  await gateway.stop()
  await traceEnded(file, gateway.pid)
  const events = await readTrace(file)
  const acknowledgedOn = acknowledgements({ hl7Port: ward.ports.hl7, mqttPort: ward.ports.mqtt, hospitalPort: 0, throughHospital: [], published })
  const orderOf = (path: Transport): Order => orderIn(events, acknowledgedOn(path))
  return { mllp: orderOf('mllp'), mqtt: orderOf('mqtt') }
}
