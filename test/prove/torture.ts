/**
 * `prove torture`: every case of the table over a real socket against a real gateway. Each answer carries the code that was
 * to be expected and the control id of its message, the database holds what it must and nothing else, no alert starts that
 * should not, and the gateway still takes a good message afterwards.
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { linkLimits } from '../../src/limits.ts'
import { freePort } from '../free-port.ts'
import type { Prove } from './prove.ts'
import { type Step, TORTURE, type TortureCase, messageOf } from './torture-cases.ts'
import { ProvedSite, type SiteProcess, beds, delay, dial, loopback, settled, strangers } from './wire-site.ts'

const PATIENCE_MS = 60_000
const GOOD = 99
/** More than there are cases. */
const ADDRESSES = 1_000

export const prove: Prove = async ({ quick, say }) => {
  const cases = TORTURE.filter(({ isSlow }) => !quick || !isSlow)
  const names = cases.map((_, index) => `T${index + 1}`)
  const port = await freePort()
  const devices = names.flatMap((name) => strangers([name], 'hl7', { bed: `bed-${name}`, match: { sender: name } }).concat(strangers([`${name}b`, `${name}c`], 'hl7')))
  await using site = new ProvedSite({ links: [{ kind: 'mllp-listen', id: 'hl7', port }], devices, beds: beds(names.map((name) => `bed-${name}`)) })
  const trial = new Trial(site, port, await site.start())
  let passed = 0
  const judge = async (one: TortureCase): Promise<void> => {
    const wrong = await trial.judge(one, names[cases.indexOf(one)] ?? '', cases.indexOf(one))
    if (wrong.length === 0) passed++
    else say(`"${one.name}": ${wrong.join('; ')}`)
  }
  // All at once, as on a ward; a restart would be felt by all.
  const alone = new Set(cases.filter((one) => one.steps({ device: '', message: () => '' }).some((step) => step.do === 'restart the gateway')))
  await Promise.all(cases.filter((one) => !alone.has(one)).map(judge))
  for (const one of alone) await judge(one)
  await trial.process.stop()
  return { kind: 'judged', pass: passed === cases.length, figures: { cases: cases.length, passed }, control: null }
}

class Trial {
  process: SiteProcess
  readonly #site: ProvedSite
  readonly #port: number

  constructor(site: ProvedSite, port: number, process: SiteProcess) {
    this.#site = site
    this.#port = port
    this.process = process
  }

  /** What was not as it should be. `index` gives the case addresses of its own, by which its frames are known in quarantine. */
  async judge(one: TortureCase, device: string, index: number): Promise<string[]> {
    const address = loopback(index)
    const wrong: string[] = []
    const sender = new Sender(this.#port, address)
    for (const step of one.steps({ device, message: (change) => messageOf(device, change) })) {
      if (step.do === 'restart the gateway') {
        await this.process.stop()
        this.process = await this.#site.start()
      } else wrong.push(...(await sender.take(step)))
    }
    await settled(PATIENCE_MS, () => sender.answers.length >= one.answers.length)
    // An answer too many would come before that of the next message.
    const after = new Sender(this.#port, loopback(ADDRESSES + index))
    await after.take({ do: 'say', bytes: Buffer.from(`\x0b${messageOf(device, { id: 'good', hr: GOOD, ...(one.patient === undefined ? {} : { patient: one.patient }) })}\x1c\r`) })
    if (!(await settled(PATIENCE_MS, () => after.answers.length > 0)) || after.answers[0] !== 'AA good') wrong.push(`a good message afterwards is answered ${after.answers[0] ?? 'not at all'}`)
    const quarantined = one.quarantined ?? 0
    await settled(PATIENCE_MS, () => this.#quarantined(address) >= quarantined)
    if (sender.answers.join() !== one.answers.join()) wrong.push(`answered ${JSON.stringify(sender.answers)} for ${JSON.stringify(one.answers)}`)
    const kept = this.#quarantined(address)
    if (kept !== quarantined) wrong.push(`${kept} frames in quarantine for ${quarantined}`)
    wrong.push(...this.#wrongRows(one, device), ...(await this.#wrongPatient(one, device)))
    sender.hangUp()
    after.hangUp()
    return wrong
  }

  #quarantined(address: string): number {
    return this.#site.query<{ rows: number }>("SELECT count(*) AS rows FROM quarantine WHERE peer LIKE ? || ':%'", address)[0]?.rows ?? 0
  }

  #wrongRows(one: TortureCase, device: string): string[] {
    const wrong: string[] = []
    const rows = this.#site.rows()
    for (const letter of ['', 'b', 'c']) {
      const wanted = [...(one.stored[letter] ?? []), ...(letter === '' ? [GOOD] : [])]
      const readings = rows.flatMap((row) => (row.kind === 'snapshot' && row.snapshot.device === device + letter ? row.snapshot.observations : []))
      const found = readings.map(({ measurement }) => (measurement.kind === 'measured' ? measurement.value : measurement.reason))
      if (found.join() !== wanted.join()) wrong.push(`${device}${letter} has ${JSON.stringify(found)} stored for ${JSON.stringify(wanted)}`)
      const { flag } = one
      if (flag !== undefined && !readings.every(({ flags, measurement }) => measurement.kind === 'measured' && (measurement.value === GOOD || flags.some((mark) => mark === flag)))) wrong.push(`not marked ${flag}`)
    }
    const started = rows.flatMap((row) => {
      if (row.kind !== 'event' || row.stored.kind !== 'alert') return []
      const { event } = row.stored
      return event.kind === 'phase' && event.phase === 'start' && (event.bed === `bed-${device}` || event.device === device) ? [event.condition] : []
    })
    const wanted = one.alerts ?? []
    if (started.toSorted().join() !== wanted.toSorted().join()) wrong.push(`alerts ${JSON.stringify(started)} for ${JSON.stringify(wanted)}`)
    return wrong
  }

  async #wrongPatient({ patient }: TortureCase, device: string): Promise<string[]> {
    if (patient === undefined) return []
    const cookie = await this.#site.signIn(this.process.url)
    const answer = await fetch(`${this.process.url}/api/beds`, { headers: { cookie } })
    const known: readonly { id: string; patient: { name: string | null } }[] = JSON.parse(await answer.text())
    const name = known.find(({ id }) => id === `bed-${device}`)?.patient.name
    return name === patient ? [] : [`the patient is called ${JSON.stringify(name)}`]
  }
}

/** One that follows the steps and collects what it is answered. */
class Sender {
  readonly answers: string[] = []
  readonly #port: number
  readonly #address: string
  readonly #sockets: Socket[] = []
  #socket: Socket | null = null
  #text = ''
  #byByte = false

  constructor(port: number, address: string) {
    this.#port = port
    this.#address = address
  }

  /** What went wrong in it. */
  async take(step: Exclude<Step, { do: 'restart the gateway' }>): Promise<string[]> {
    if (step.do === 'say' || step.do === 'reset' || step.do === 'hang up' || step.do === 'be closed') return this.#onSocket(step, (this.#socket ??= await this.#call()))
    switch (step.do) {
      case 'wait':
        await delay(step.ms)
        return []
      case 'await':
        return (await settled(PATIENCE_MS, () => this.answers.length >= step.answers)) ? [] : [`only ${this.answers.length} answers came`]
      case 'read byte by byte':
        this.#byByte = true
        return []
      case 'crowd':
        return this.#crowd()
      case 'call again':
        this.#socket = null
        return []
    }
  }

  async #onSocket(step: Extract<Step, { do: 'say' | 'reset' | 'hang up' | 'be closed' }>, socket: Socket): Promise<string[]> {
    switch (step.do) {
      case 'say':
        // Each step is a write of its own, and so a packet of its own.
        await new Promise<void>((resolve) => void socket.write(step.bytes, () => resolve()))
        return []
      case 'reset':
        // The kernel throws away what the other end has not read by then.
        await settled(PATIENCE_MS, () => isRead(socket))
        socket.resetAndDestroy()
        return []
      case 'hang up':
        socket.end()
        return []
      case 'be closed':
        return (await settled(step.ms, () => socket.closed)) ? [] : ['the socket was not closed']
    }
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #call(): Promise<Socket> {
    const socket = await dial(this.#port, this.#address)
    this.#sockets.push(socket)
    if (this.#byByte) {
      socket.on('readable', () => {
        for (let byte: Buffer | null = socket.read(1); byte !== null; byte = socket.read(1)) this.#read(byte)
      })
    } else socket.on('data', (bytes: Buffer) => this.#read(bytes))
    return socket
  }

  /** Fills all places of this address but one, then one too many. */
  async #crowd(): Promise<string[]> {
    this.#socket ??= await this.#call()
    while (this.#sockets.length < linkLimits.socketsPerPeerMax) await this.#call()
    const tooMany = await dial(this.#port, this.#address)
    tooMany.resume()
    await Promise.race([once(tooMany, 'close'), delay(PATIENCE_MS)])
    return tooMany.closed ? [] : ['a socket too many was served']
  }

  #read(bytes: Buffer): void {
    this.#text += bytes.toString('latin1')
    for (let end = this.#text.indexOf('\x1c\r'); end >= 0; end = this.#text.indexOf('\x1c\r')) {
      // An answer to UTF-16 comes in UTF-16; code and control id of the table are ASCII.
      const [, code = '', id = ''] = /MSA\|([A-Z]{2})\|?([^|\r]*)/.exec(this.#text.slice(0, end).replaceAll('\0', '')) ?? []
      this.answers.push(`${code} ${id}`)
      this.#text = this.#text.slice(end + 2)
    }
  }
}

/** Whether the process at the other end of a loopback socket has read all that it got (proc(5): rx_queue of /proc/net/tcp). */
function isRead({ localPort, remotePort }: Socket): boolean {
  const hex = (port: number | undefined): string => (port ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const its = new RegExp(`^ *\\d+: [0-9A-F]+:${hex(remotePort)} [0-9A-F]+:${hex(localPort)} \\w+ [0-9A-F]+:([0-9A-F]+)`, 'm')
  const unread = ['tcp', 'tcp6'].map((table) => its.exec(readFileSync(`/proc/net/${table}`, 'latin1'))?.[1] ?? '')
  return unread.every((bytes) => /^0*$/.test(bytes))
}
