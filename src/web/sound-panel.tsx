import { useEffect, useRef } from 'preact/hooks'
import { BURSTS, type Sound } from './sound-pattern.ts'
import { VOLUMES, volumeText, wordText } from './sound-settings.ts'
import { useStation } from './station.ts'

const NAMES: Readonly<Record<Sound, string>> = { low: 'low', medium: 'medium', high: 'high', failure: 'NOT RECEIVING' }

/** Always in sight: how this screen sounds, and who said so when it does not. */
export function SoundButton() {
  const { sounds, receiver } = useStation()
  const { panelShown } = sounds
  const { volume, chosen } = sounds.settings.value
  const isOff = volume === 'off'
  const isSilent = receiver.ward.value?.gateway.watching?.isSilent === true
  return (
    <button type="button" class="quiet sound" data-off={isOff} aria-expanded={panelShown.value} onClick={() => (panelShown.value = !panelShown.peek())}>
      {isSilent ? 'No sound: commissioning' : isOff ? 'Sound off on this screen' : `Sound: ${volumeText(volume).toLowerCase()}`}
      {isOff && chosen !== null && <small> {wordText(chosen, receiver.moment.value.server)}</small>}
    </button>
  )
}

/** A screen that should sound and cannot must not look like one where all is quiet. */
export function SoundBar() {
  const { sounds } = useStation()
  const health = sounds.health.value
  const isHidden = sounds.settings.value.volume === 'off' || health === 'ok'
  return (
    <div role="alert">
      {!isHidden && health === 'blocked' && (
        <button type="button" class="no-sound" onClick={sounds.unblock}>
          <strong>SOUND BLOCKED BY THE BROWSER</strong> tap here
        </button>
      )}
      {!isHidden && health === 'stalled' && <p class="no-sound"><strong>NO SOUND</strong> This computer plays nothing. Look at its loudspeaker, then reload the page.</p>}
      {!isHidden && health === 'no-output' && <p class="no-sound"><strong>NO SOUND</strong> This computer has no loudspeaker that the browser can find.</p>}
      {!isHidden && health === 'unsupported' && <p class="no-sound"><strong>NO SOUND</strong> This browser cannot play any. Use another.</p>}
    </div>
  )
}

export function SoundPanel() {
  const { sounds, receiver } = useStation()
  const { panelShown, settings, isKept } = sounds
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (panelShown.value) dialog.current?.focus()
  }, [panelShown.value])
  if (!panelShown.value) return null
  const close = (): void => void (panelShown.value = false)
  const { volume, chosen } = settings.value
  const { server } = receiver.moment.value
  return (
    <dialog class="keys sound-panel" open aria-label="Sound on this screen" tabIndex={-1} ref={dialog} onKeyDown={(event) => event.key === 'Escape' && close()}>
      <h2>Sound on this screen</h2>
      <fieldset class="volumes">
        <legend class="heard">Volume</legend>
        {VOLUMES.map((one) => (
          <label key={one}>
            <input type="radio" name="volume" checked={one === volume} onChange={() => sounds.choose(one)} />
            <span>{volumeText(one)}</span>
          </label>
        ))}
      </fieldset>
      <p class="hint">
        {chosen === null ? 'Nobody has chosen yet. ' : `Chosen by ${wordText(chosen, server)}. `}
        {volume === 'off' ? 'Nothing is heard here, not even NOT RECEIVING. ' : ''}
        It is for this screen alone{isKept.value ? '' : ', and this browser forgets it when the page is reloaded'}. How loud it is in the end, the loudspeaker decides.
      </p>
      <SoundTest />
      <button type="button" class="quiet" onClick={close}>Close</button>
    </dialog>
  )
}

function SoundTest() {
  const { sounds, receiver } = useStation()
  const test = sounds.test.value
  const { heard, volume } = sounds.settings.value
  const { server } = receiver.moment.value
  return (
    <div class="sound-test">
      <button type="button" class="primary" disabled={volume === 'off' || test.kind === 'playing'} onClick={sounds.play}>Test the four sounds</button>
      <p role="status">
        {test.kind === 'playing' && <>Now: <b>{NAMES[test.sound]}</b>, {BURSTS[test.sound].pulses.length === 1 ? 'one tone' : `${BURSTS[test.sound].pulses.length} tones`}</>}
        {test.kind === 'cut' && 'The test was cut off: something really sounds, or cannot.'}
        {test.kind === 'idle' && (heard === null ? 'Nobody has tested it on this screen.' : `All heard: ${wordText(heard, server)}`)}
        {test.kind === 'asked' && <button type="button" class="quiet" onClick={sounds.confirm}>I heard all four</button>}
      </p>
    </div>
  )
}
