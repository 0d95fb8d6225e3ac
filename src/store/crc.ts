/**
 * CRC-32 of what a row says, in a column of the row: SQLite itself does not notice a flipped bit in a value. Kept as a
 * signed number, which takes 4 bytes on disk at most.
 */

import { crc32 } from 'node:zlib'

/** Of a row of names, times and texts; the order of the fields is part of it. */
export const rowCrc = (...fields: readonly (string | number | null)[]): number => crc32(JSON.stringify(fields)) | 0

/** Of a row that also holds bytes. */
export const bytesCrc = (bytes: Uint8Array, ...fields: readonly (string | number | null)[]): number =>
  bytes instanceof Uint8Array ? crc32(bytes, crc32(JSON.stringify(fields))) | 0 : NO_CRC

/** A flipped bit may change the type of a column, whatever the schema says: what is no bytes any more has no checksum, and equals none. */
const NO_CRC = Number.NaN

/** Bytes of a snapshot's head: u32 stream · double receivedAt · double sentAt, NaN for none. */
export const SNAPSHOT_HEAD_BYTES = 20

/** Of head and readings, as they lie one after the other in a tick. */
export const contentCrc = (headAndReadings: Uint8Array): number => crc32(headAndReadings) | 0

/** The number of the row enters at the end, for the writer gives it: a row found under another number is damaged too. */
export const numbered = (crc: number, seq: number): number => crc ^ seq ^ Math.floor(seq / 2 ** 32)

const head = new DataView(new ArrayBuffer(SNAPSHOT_HEAD_BYTES))
const headBytes = new Uint8Array(head.buffer)

/** What the crc column of a snapshot must hold, computed from the row as it was read. */
export function snapshotCrc(row: {
  readonly seq: number
  readonly stream: number
  readonly receivedAt: number
  readonly sentAt: number | null
  readonly readings: Uint8Array
}): number {
  return row.readings instanceof Uint8Array ? numbered(crc32(row.readings, crc32(snapshotHead(row))) | 0, row.seq) : NO_CRC
}

/** The head of a snapshot as bytes, good until the next call. */
export function snapshotHead(row: { readonly stream: number; readonly receivedAt: number; readonly sentAt: number | null }): Uint8Array {
  head.setUint32(0, row.stream, true)
  head.setFloat64(4, row.receivedAt, true)
  head.setFloat64(12, row.sentAt ?? Number.NaN, true)
  return headBytes
}
