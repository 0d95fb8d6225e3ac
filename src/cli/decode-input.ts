/** What `vigil decode` is given, taken apart into the bytes that one device sent: a raw recording, a log, a capture of a port, or one of a network. */

import { concat } from '../codec/bytes.ts'
import { segmentOf } from '../codec/packet.ts'
import { type Packet, PcapReader, isPcap } from '../codec/pcap.ts'
import { type StreamPiece, TcpStream } from '../codec/tcp-stream.ts'
import { toolLimits } from '../limits.ts'
import { CAPTURE_TITLE_BYTES, type CapturedPiece, CaptureReader, isCapture } from './capture-file.ts'
import { LogReader, type LoggedLine, logKind } from './log-file.ts'

/** Bytes that went one way between two ends. `name` is for people, and empty where there is only one. */
export type Stream = { readonly name: string; readonly isDatagram: boolean }

/** `break`: what comes next does not go on where the bytes before ended. */
export type Heard = { readonly stream: Stream } & ({ readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'break' })

interface Form {
  push(chunk: Uint8Array): readonly Heard[]
  end(): readonly Heard[]
  /** What was passed by, in sentences. */
  remarks(): readonly string[]
}

/** Tells the forms apart by how they begin. Bounded, whatever comes. */
export class RecordedInput {
  #head: Uint8Array[] = []
  #form: Form | null = null

  push(chunk: Uint8Array): readonly Heard[] {
    if (this.#form !== null) return this.#form.push(chunk)
    this.#head.push(chunk)
    const head = concat(this.#head)
    return this.#begin(head, false)
  }

  end(): readonly Heard[] {
    const begun = this.#form === null ? this.#begin(concat(this.#head), true) : []
    return [...begun, ...(this.#form?.end() ?? [])]
  }

  remarks(): readonly string[] {
    return this.#form?.remarks() ?? []
  }

  #begin(head: Uint8Array, isWhole: boolean): readonly Heard[] {
    this.#form = formOf(head, isWhole)
    this.#head = this.#form === null ? [head] : []
    return this.#form?.push(head) ?? []
  }
}

/** Null while it may be several. */
function formOf(head: Uint8Array, isWhole: boolean): Form | null {
  if (isPcap(head)) return new NetworkForm()
  if (isCapture(head) && (head.length >= CAPTURE_TITLE_BYTES || !isWhole)) return head.length >= CAPTURE_TITLE_BYTES ? new CaptureForm() : null
  const log = logKind(head, isWhole)
  if (log === 'unclear') return null
  return log === null ? new RawForm() : new LogForm(log)
}

class RawForm implements Form {
  readonly #stream: Stream = { name: '', isDatagram: false }

  push(bytes: Uint8Array): readonly Heard[] {
    return bytes.length === 0 ? [] : [{ stream: this.#stream, kind: 'bytes', bytes }]
  }

  end(): readonly Heard[] {
    return [{ stream: this.#stream, kind: 'break' }]
  }

  remarks(): readonly string[] {
    return []
  }
}

class LogForm implements Form {
  readonly #stream: Stream = { name: '', isDatagram: false }
  readonly #reader: LogReader

  constructor(how: LoggedLine['how']) {
    this.#reader = new LogReader(how)
  }

  push(bytes: Uint8Array): readonly Heard[] {
    return this.#heard(this.#reader.push(bytes))
  }

  end(): readonly Heard[] {
    return [...this.#heard(this.#reader.end()), { stream: this.#stream, kind: 'break' }]
  }

  remarks(): readonly string[] {
    const { sentLines, unreadableLines } = this.#reader
    return [
      'Read as a log: what stands before the bytes of each line is passed by.',
      ...(sentLines > 0 ? [`Passed by: ${sentLines} lines that were sent to the device.`] : []),
      ...(unreadableLines > 0 ? [`Passed by: ${unreadableLines} lines of the log that hold no bytes.`] : []),
    ]
  }

  #heard(pieces: readonly Uint8Array[]): readonly Heard[] {
    return pieces.map((bytes) => ({ stream: this.#stream, kind: 'bytes', bytes }))
  }
}

class CaptureForm implements Form {
  readonly #reader = new CaptureReader()
  #stream: Stream = { name: '', isDatagram: false }
  #sent = 0

  push(bytes: Uint8Array): readonly Heard[] {
    return this.#heard(this.#reader.push(bytes))
  }

  end(): readonly Heard[] {
    return [...this.#heard(this.#reader.end()), { stream: this.#stream, kind: 'break' }]
  }

  remarks(): readonly string[] {
    return [
      ...(this.#sent > 0 ? [`Passed by: ${this.#sent} pieces that were sent to the device.`] : []),
      ...(this.#reader.unreadableLines > 0 ? [`Passed by: ${this.#reader.unreadableLines} lines of the capture that cannot be read.`] : []),
    ]
  }

  #heard(pieces: readonly CapturedPiece[]): readonly Heard[] {
    if (this.#reader.isDatagrams && !this.#stream.isDatagram) this.#stream = { name: '', isDatagram: true }
    this.#sent += pieces.filter(({ direction }) => direction === 'to-device').length
    return pieces.filter(({ direction }) => direction === 'from-device').map(({ bytes }) => ({ stream: this.#stream, kind: 'bytes', bytes }))
  }
}

/** A capture of a network: each direction of each conversation is a stream. */
class NetworkForm implements Form {
  readonly #reader = new PcapReader()
  readonly #conversations = new Map<string, { readonly stream: Stream; readonly tcp: TcpStream | null }>()
  readonly #passed = new Map<string, number>()
  #gaps = 0

  push(bytes: Uint8Array): readonly Heard[] {
    return this.#reader.push(bytes).flatMap((packet) => this.#heard(packet))
  }

  end(): readonly Heard[] {
    this.#reader.end()
    return [...this.#conversations.values()].flatMap(({ stream, tcp }) => [...this.#pieces(stream, tcp?.end() ?? []), { stream, kind: 'break' } as const])
  }

  remarks(): readonly string[] {
    const { trouble } = this.#reader
    return [
      ...Array.from(this.#passed, ([why, count]) => `Passed by: ${count} packets, ${why}.`),
      ...(this.#gaps > 0 ? [`Not captured: ${this.#gaps} stretches of conversations over TCP; what stood around them is judged apart.`] : []),
      ...(trouble === null ? [] : [`The capture was not read to its end: ${trouble}.`]),
    ]
  }

  #heard(packet: Packet): readonly Heard[] {
    const segment = segmentOf(packet)
    if (typeof segment === 'string') return this.#pass(segment)
    const { from, to, protocol, payload } = segment
    const name = `${from} → ${to} (${protocol.toUpperCase()})`
    let conversation = this.#conversations.get(name)
    if (conversation === undefined) {
      // The number with which a direction begins tells later what is missing.
      if (payload.length === 0 && !(segment.protocol === 'tcp' && segment.isBegin)) return []
      if (this.#conversations.size >= toolLimits.conversationsMax) return this.#pass(`of more conversations than ${toolLimits.conversationsMax}`)
      conversation = { stream: { name, isDatagram: protocol === 'udp' }, tcp: protocol === 'udp' ? null : new TcpStream() }
      this.#conversations.set(name, conversation)
    }
    const { stream, tcp } = conversation
    if (segment.protocol === 'tcp') return tcp === null ? [] : this.#pieces(stream, tcp.push(segment))
    if (segment.missingBytes > 0) return this.#pass('datagrams of which the capture kept only the beginning')
    return payload.length === 0 ? [] : [{ stream, kind: 'bytes', bytes: payload }]
  }

  #pieces(stream: Stream, pieces: readonly StreamPiece[]): readonly Heard[] {
    return pieces.map((piece) => {
      if (piece.kind === 'bytes') return { stream, kind: 'bytes', bytes: piece.bytes }
      if (piece.kind === 'gap') this.#gaps++
      return { stream, kind: 'break' }
    })
  }

  #pass(why: string): readonly Heard[] {
    this.#passed.set(why, (this.#passed.get(why) ?? 0) + 1)
    return []
  }
}
