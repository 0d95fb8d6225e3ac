/**
 * Senders that nobody here wrote get the right acknowledgement for each message, also while the gateway is killed and started
 * again under them: HAPI's and Camel's MLLP clients, hl7apy, Mosquitto's publisher at QoS 1 and 2.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { foreignPrograms, prepareForeignPrograms } from '../interop/parts.ts'
import { type Answered, type ForeignSender, type Kind, SENDERS, WANTED, startForeignSenders } from '../interop/senders.ts'
import { lacking } from '../parts.ts'
import { Ledger, type ProveDevice, holdingsOf, judge } from './oracle.ts'
import { controlId } from './payload.ts'
import { type Prove, randomOf } from './prove.ts'
import { ProvedSite, beds, delay } from './wire-site.ts'

const PASSWORD = 'interop'
const QUICK = { messages: 16, restarts: 1, deadlineMs: 60_000 } as const
const WHOLE = { messages: 400, restarts: 6, deadlineMs: 900_000 } as const
const KINDS: readonly Kind[] = ['asked', 'original', 'asked', 'order-asked', 'original', 'asked', 'original', 'order-original']

export const prove: Prove = async ({ quick, seed, say }) => {
  if (!quick) await prepareForeignPrograms().catch((error: unknown) => say(`not prepared: ${error instanceof Error ? error.message : String(error)}`))
  const programs = foreignPrograms()
  const reason = 'lacking' in programs ? lacking(programs.lacking, false) : null
  if ('lacking' in programs) return { kind: 'skipped', why: reason ?? programs.lacking }
  const { messages, restarts, deadlineMs } = quick ? QUICK : WHOLE
  const random = randomOf(seed)

  const [mllpPort, mqttPort] = [await freePort(), await freePort()]
  const names: readonly string[] = [...SENDERS.mllp, ...SENDERS.mqtt]
  await using site = new ProvedSite(siteOf(names, mllpPort, mqttPort))
  writeFileSync(join(site.folder, 'password'), PASSWORD)
  let gateway = await site.start()
  const foreign = await startForeignSenders(programs, { mllpPort, mqtt: { port: mqttPort, password: PASSWORD } })
  const ledger = new Ledger()
  const tallies = new Map(names.map((name) => [name, { right: 0, lost: 0 }]))
  const wrong: string[] = []
  let answered = 0

  async function sendAll(sender: ForeignSender): Promise<void> {
    const device: ProveDevice = { id: sender.name, transport: sender.transport, bed: sender.name }
    for (let count = 0; count < messages; count++) {
      const id = ledger.issue(device)
      const kind = KINDS[count % KINDS.length] ?? 'asked'
      const answer = await sender.deliver(id, kind)
      answered++
      const refusal = sender.transport === 'mllp' && kind.startsWith('order')
      if (refusal) ledger.refused(id)
      else ledger.accepted(id)
      const fault = faultOf(sender, { id, kind, answer })
      if (fault !== null) wrong.push(fault)
      const tally = tallies.get(sender.name)
      if (tally) tally.lost += answer.lost
      if (tally && fault === null) tally.right++
    }
  }

  async function restartAll(): Promise<void> {
    for (let restart = 1; restart <= restarts; restart++) {
      const at = (names.length * messages * restart) / (restarts + 1)
      while (answered < at) await delay(1)
      await delay(random.int(20))
      process.kill(gateway.pid, 'SIGKILL')
      while (gateway.isAlive()) await delay(5)
      say(`killed after ${answered} answers`)
      await delay(random.int(300))
      gateway = await site.start()
    }
  }

  const inTime = await Promise.race([Promise.all([...foreign.senders.map(sendAll), restartAll()]).then(() => true), delay(deadlineMs).then(() => false)])
  foreign.stop()
  await gateway.stop()
  const holdings = holdingsOf(site.data)
  const verdict = judge(ledger, holdings)
  const storedThoughRefused = ledger.ids(({ fate }) => fate === 'refused').filter((id) => holdings.rows.has(id)).length
  for (const fault of new Set(wrong.slice(0, 10))) say(fault)
  return {
    kind: 'judged',
    pass: inTime && wrong.length === 0 && verdict.conserved && storedThoughRefused === 0 && answered === names.length * messages,
    figures: {
      ...Object.fromEntries([...tallies].map(([name, { right, lost }]) => [name, `${right} of ${messages} right, ${lost} attempts lost`])),
      restarts,
      issued: verdict.issued,
      accepted: verdict.accepted,
      refused: ledger.count('refused'),
      wrongAnswers: wrong.length,
      acknowledgedMissing: verdict.missing,
      storedTwice: verdict.duplicated,
      spurious: verdict.spurious,
      corrupted: verdict.corrupted,
      storedThoughRefused,
      inTime: String(inTime),
    },
    control: null,
  }
}

function faultOf({ name, transport }: ForeignSender, { id, kind, answer }: { readonly id: number; readonly kind: Kind; readonly answer: Answered }): string | null {
  if (answer.fault !== null) return `${name}: ${answer.fault}`
  if (answer.named !== controlId(id)) return `${name}: the answer to ${controlId(id)} names ${answer.named}`
  const wanted = transport === 'mllp' ? WANTED[kind] : name === SENDERS.mqtt[0] ? 'PUBACK' : 'PUBREC'
  return answer.code === wanted ? null : `${name}: ${answer.code} for a message that wants ${wanted}`
}

const siteOf = (names: readonly string[], mllpPort: number, mqttPort: number) => ({
  beds: beds(names),
  links: [
    { kind: 'mllp-listen', id: 'hl7', port: mllpPort },
    { kind: 'mqtt-broker', id: 'mqtt', port: mqttPort, users: SENDERS.mqtt.map((device) => ({ device, password: { file: 'password' } })) },
  ],
  devices: [
    ...SENDERS.mllp.map((id) => ({ id, driver: 'hl7', bed: id, match: { sender: id }, silenceSeconds: 0 })),
    ...SENDERS.mqtt.map((id) => ({ id, driver: 'mqtt-json', bed: id, silenceSeconds: 0 })),
  ],
})
