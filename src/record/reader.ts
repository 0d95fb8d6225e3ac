/** Reads recordings, segment by segment. A torn tail is where one ends; what is missing is said, not guessed. */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MAGIC, type Recorded, blockAt, recordsOf } from './format.ts'
import { FRAMES_FOLDER, segmentsIn } from './tape.ts'

export type RecordingFile = { readonly path: string; readonly bytes: number }

/**
 * The segments that a path means: a data folder, its folder of frames, or one file. The oldest first; empty when there are none.
 * @throws Error of the file system when the path cannot be read.
 */
export async function recordingFiles(path: string): Promise<readonly RecordingFile[]> {
  const paths = (await stat(path)).isFile() ? [path] : await segmentsOf(path)
  return Promise.all(paths.map(async (file) => ({ path: file, bytes: (await stat(file)).size })))
}

async function segmentsOf(folder: string): Promise<readonly string[]> {
  const own = await segmentsIn(folder)
  if (own.length > 0) return own
  return segmentsIn(join(folder, FRAMES_FOLDER)).catch(() => [])
}

export type Read =
  | { readonly kind: 'record'; readonly record: Recorded }
  /** So far in this file, in bytes on the disk. */
  | { readonly kind: 'progress'; readonly path: string; readonly bytes: number }
  /** From here on the file holds nothing that can be believed: it was cut off, or is damaged. */
  | { readonly kind: 'torn'; readonly path: string; readonly offset: number; readonly bytes: number }

/** All of the files, one after the other; one segment is held in memory at a time. */
export async function* readRecording(files: readonly RecordingFile[]): AsyncGenerator<Read, void, undefined> {
  for (const { path } of files) {
    const file = await readFile(path)
    if (!file.subarray(0, MAGIC.length).equals(MAGIC)) {
      yield { kind: 'torn', path, offset: 0, bytes: file.length }
      continue
    }
    let offset = MAGIC.length
    for (let block = blockAt(file, offset); block; block = blockAt(file, offset)) {
      for (const record of recordsOf(block.bytes)) yield { kind: 'record', record }
      offset = block.end
      yield { kind: 'progress', path, bytes: offset }
    }
    if (offset < file.length) yield { kind: 'torn', path, offset, bytes: file.length - offset }
  }
}
