/** A device that is asked over UDP: one conversation, whose datagrams are the device's own messages. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { linkLimits } from '../limits.ts'
import type { Link, OpenLine } from '../seams.ts'
import type { CallerSetting } from './tcp.ts'

/** Asks one device, and begins anew from a new socket when it is silent or refuses. */
export function udpCaller(setting: CallerSetting): Link {
  const { id, clock, log } = setting
  return {
    id,
    async run(open, stop) {
      let told = ''
      while (!stop.aborted) {
        const why = await conversation(setting, open, stop)
        // A monitor that is switched off refuses for hours.
        if (!stop.aborted && why !== told) log.info({ link: id, why }, 'Conversation over UDP ended; beginning another.')
        told = why
        await clock.sleep(linkLimits.serialReopenDelayMs, stop)
      }
    },
  }
}

/** Resolves with why it ended. */
async function conversation({ host, port, device, clock }: CallerSetting, open: OpenLine, stop: AbortSignal): Promise<string> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  const over = new AbortController()
  let why = 'stopped'
  const end = (reason: string): void => {
    if (!over.signal.aborted) why = reason
    over.abort()
  }
  // ICMP tells of a port where nobody listens: the socket is connected, and hears of that.
  socket.on('error', (error) => end(error.message))
  try {
    // Connected, it takes datagrams from this device alone.
    socket.connect(port, host)
    await once(socket, 'connect', { signal: AbortSignal.any([stop, AbortSignal.timeout(linkLimits.connectMs)]) })
  } catch (error) {
    await new Promise<void>((resolve) => socket.close(resolve))
    return error instanceof Error ? error.message : String(error)
  }
  let heardAt = clock.mono()
  const write = (bytes: Uint8Array): void => {
    if (over.signal.aborted) return
    if (socket.getSendQueueSize() > linkLimits.writeBacklogBytesMax) end('what is sent does not go out')
    else socket.send(bytes)
  }
  const line = open({ address: `${host}:${port}`, device }, write, end)
  socket.on('message', (bytes) => {
    if (over.signal.aborted) return
    heardAt = clock.mono()
    // Not asked what becomes of it: nobody sends a datagram again, whatever we say.
    line.receive(bytes)
  })
  const either = AbortSignal.any([stop, over.signal])
  while (!either.aborted) {
    await clock.sleep(linkLimits.serialReopenDelayMs, either)
    if (clock.mono() - heardAt > linkLimits.udpSilentMs) end(`silent for ${linkLimits.udpSilentMs / 1_000} s`)
  }
  over.abort()
  line.close(why)
  await new Promise<void>((resolve) => socket.close(resolve))
  return why
}
