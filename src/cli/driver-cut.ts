/** `vigil driver cut`: what the device said, from one second of a capture to another, as the raw bytes that a fixture is. */

import { open } from 'node:fs/promises'
import { CaptureReader, type CapturedPiece, isCapture } from './capture-file.ts'
import { type CliContext, CommandFailed, UsageError } from './context.ts'

export type CutOptions = { readonly out: string; readonly from: string; readonly to?: string }

export async function cutCapture(path: string, options: CutOptions, { write }: Pick<CliContext, 'write'>): Promise<void> {
  const [fromMs, toMs] = [secondsOf('--from', options.from) * 1_000, options.to === undefined ? Infinity : secondsOf('--to', options.to) * 1_000]
  const file = await open(path, 'r').catch((error: unknown) => cannot(path, 'read', error))
  const out = await open(options.out, 'wx').catch((error: unknown) => cannot(options.out, 'written', error))
  const reader = new CaptureReader()
  let bytes = 0
  let isFirst = true
  const take = async (pieces: readonly CapturedPiece[]): Promise<void> => {
    for (const piece of pieces) {
      if (piece.direction !== 'from-device' || piece.atMs < fromMs || piece.atMs >= toMs) continue
      await out.write(piece.bytes)
      bytes += piece.bytes.length
    }
  }
  try {
    for await (const chunk of file.createReadStream()) {
      if (!(chunk instanceof Uint8Array)) continue
      if (isFirst && !isCapture(chunk.subarray(0, 16))) throw new CommandFailed(`${path} is no file that driver capture wrote`)
      isFirst = false
      await take(reader.push(chunk))
    }
    await take(reader.end())
  } finally {
    await out.close()
  }
  write(`${options.out}: ${bytes} bytes`)
}

function cannot(path: string, what: string, error: unknown): never {
  throw new UsageError(`${path} cannot be ${what}: ${error instanceof Error ? error.message : String(error)}`)
}

function secondsOf(option: string, text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 1e6)) throw new UsageError(`${option} ${text}: write seconds since the beginning of the capture`)
  return seconds
}
