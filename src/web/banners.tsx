import { webLimits } from '../limits.ts'
import { clockText } from './age.ts'
import { useStation } from './station.ts'
import { demoText, troubles } from './words.ts'

/** It stays on every screen, so that a demo is never taken for a ward. */
export function DemoBanner() {
  const { receiver, demo } = useStation()
  const gateway = receiver.ward.value?.gateway
  if (!demo.value) return null
  return (
    <p class="demo" role="note">
      <span>{demoText(gateway?.speed ?? 1)}</span>
    </p>
  )
}

/** The one thing that must be seen before all else: these numbers are not live. */
export function SilenceBanner() {
  const { receiver, route } = useStation()
  const { reception, server, silentMs, speed } = receiver.moment.value
  if (route.value === 'login' || reception !== 'silent') return <div role="alert" />
  const since = server === null ? null : clockText(server - silentMs * speed)
  return (
    <div role="alert">
      <p class="silence">
        <strong>NOT RECEIVING{since === null ? '' : ` since ${since}`}</strong>
        <span>— look at the monitors</span>
        <FailurePause />
      </p>
    </div>
  )
}

/** Its sound can be paused for a while; the words cannot. */
function FailurePause() {
  const { receiver, sounds } = useStation()
  const { now } = receiver.moment.value
  const until = sounds.pausedUntil.value
  if (sounds.settings.value.volume === 'off' || sounds.health.value !== 'ok') return null
  if (until !== null && until > now) return <span class="paused">sound paused, {Math.ceil((until - now) / 1_000)} s</span>
  return <button type="button" class="pause" onClick={sounds.pauseFailure}>Pause sound {webLimits.soundPauseMs / 60_000} min</button>
}

const REPLACED = 'Vigil is open in too many windows, and a newer one took the place of this one. Reload to use this one.'
const GARBLED = 'The gateway says something that this page does not understand. Reload the page.'

/** What is wrong with the gateway, and what still works. */
export function TroubleNotes() {
  const { receiver } = useStation()
  const gateway = receiver.ward.value?.gateway
  const notes = [
    ...(gateway === undefined ? [] : troubles(gateway)),
    ...(receiver.connection.value.link.kind === 'replaced' ? [REPLACED] : []),
    ...(receiver.garbled.value ? [GARBLED] : []),
  ]
  return (
    <div class="troubles" role="status">
      {notes.map((note) => <p key={note}>{note}</p>)}
    </div>
  )
}
