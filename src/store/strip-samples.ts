/**
 * Samples of a strip as bytes: of each the difference to the one before (the first: to 0), folded so that small ones of either
 * sign are small (0, -1, 1, -2 … become 0, 1, 2, 3 …), seven bits a byte, the least first, the top bit where more follow.
 * Waveforms change little from sample to sample: most take one byte, and packing costs a pass over them and nothing more.
 */

const BYTES_PER_SAMPLE_MAX = 5

export function packSamples(samples: Int32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samples.length * BYTES_PER_SAMPLE_MAX)
  let at = 0
  let before = 0
  // By index: an iterator costs twice as much, and this runs on main.
  for (let index = 0; index < samples.length; index++) {
    const sample = samples[index] ?? 0
    // In 32 bits, around the end: what comes out is what went in, however far apart two samples are.
    const difference = (sample - before) | 0
    let rest = ((difference << 1) ^ (difference >> 31)) >>> 0
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    before = sample
  }
  return bytes.slice(0, at)
}

/** Ask only for bytes whose CRC was right. @throws RangeError when they end within a sample. */
export function unpackSamples(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  const samples = new Int32Array(bytes.length)
  let count = 0
  let before = 0
  let folded = 0
  let shift = 0
  for (const byte of bytes) {
    folded |= (byte & 0x7f) << shift
    if (byte > 0x7f) {
      shift += 7
      continue
    }
    before = (before + ((folded >>> 1) ^ -(folded & 1))) | 0
    samples[count++] = before
    folded = 0
    shift = 0
  }
  if (shift > 0) throw new RangeError('its samples end in the middle of one')
  return samples.slice(0, count)
}
