import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { AlertView, ValueView } from '../api/wire.ts'
import { ageText, agoText, clockText, momentText } from './age.ts'
import { gravestOf, isAcknowledged, isSilencedThere, isSounding, voicesOf } from '../domain/alert-row.ts'
import { webLimits } from '../limits.ts'
import { paths } from './api.ts'
import { DeliveryChain } from './delivery-chain.tsx'
import { Mark } from './mark.tsx'
import type { AlertRow } from './order.ts'
import { useSaying } from './said.ts'
import { toldText } from './shift.ts'
import { useStation } from './station.ts'
import { bedsideText, carriedText, inputText, mayAct, priorityText, soundPausedText, subjectText, unitText, unseenText } from './words.ts'

/** Tells the gateway what was painted: a frame is drawn after the next animation frame, and what is due then runs after it. */
function useReceipt(alerts: readonly AlertView[]): void {
  const { receiver } = useStation()
  const { link } = receiver.connection.value
  useEffect(() => {
    const tell = (): void => void requestAnimationFrame(() => setTimeout(() => receiver.displayed(alerts)))
    tell()
    document.addEventListener('visibilitychange', tell)
    return () => document.removeEventListener('visibilitychange', tell)
  }, [alerts, link.kind])
}

export function AlertList() {
  const { alerts, rows, receiver, openBed } = useStation()
  const open = rows.value
  const { reception, server, silentMs, speed } = receiver.moment.value
  useReceipt(alerts.value)
  return (
    <section class="alerts" aria-label="Open alerts">
      <h2>
        Open alerts <span class="count">{open.length === 0 ? '' : open.length}</span>
        {reception === 'silent' && server !== null && <span> as of {clockText(server - silentMs * speed)}</span>}
      </h2>
      {open.length === 0 ? (
        <p class="empty">{receiver.ward.value === null ? 'Not known yet.' : reception === 'silent' ? 'None was open then; what began since is not known here.' : 'No open alerts.'}</p>
      ) : (
        <ol>
          {open.map((row) => (
            <AlertCard key={row.head.id} row={row} onOpen={row.head.bed === null ? null : () => (openBed.value = row.head.bed)} />
          ))}
        </ol>
      )}
    </section>
  )
}

/** `children` come last, so that what arrives late moves no button. */
type CardProps = { readonly row: AlertRow; readonly onOpen: (() => void) | null; readonly children?: ComponentChildren }

export function AlertCard({ row, onOpen, children }: CardProps) {
  const { receiver } = useStation()
  const { head: alert } = row
  const { priority } = gravestOf(row)
  const isLatched = voicesOf(row).every(({ state }) => state === 'latched')
  const unseen = unseenText(row)
  const { server } = receiver.moment.value
  const bed = receiver.ward.value?.beds.find((one) => one.id === alert.bed)
  const since = server === null ? '' : `${momentText(alert.startedAt, server)} · ${ageText(server - alert.startedAt)}`
  return (
    <li class="alert" data-priority={priority} data-acknowledged={isAcknowledged(row)} data-state={isLatched ? 'latched' : 'active'}>
      <div class="alert-head">
        <Mark priority={priority} />
        {onOpen === null ? <strong class="subject">{subjectText(alert)}</strong> : (
          <button type="button" class="subject link" onClick={onOpen}>{subjectText(alert)}</button>
        )}
        <span class="who">{bed?.patient.name ?? ''}</span>
        <span class="since">{since}</span>
      </div>
      <p class="alert-text">
        <span class="heard">{priorityText(priority)} priority: </span>
        {alert.text}
      </p>
      <Others row={row} />
      <BecauseLines alert={alert} values={bed?.values ?? []} server={server} />
      <Bedside row={row} server={server} />
      {unseen !== '' && <p class="latched">{unseen}</p>}
      <ToldLine row={row} />
      <Acknowledgement row={row} />
      <SoundPause row={row} />
      <DeliveryChain alert={gravestOf(row)} />
      {children}
    </li>
  )
}

/** Who else speaks in this row, and what only follows from it. */
function Others({ row: { others, carried } }: { readonly row: AlertRow }) {
  return (
    <>
      {others.length > 0 && (
        <ul class="alert-others" aria-label="In one with">
          {others.map(({ id, priority, state, text }) => <li key={id} data-state={state}><Mark priority={priority} /> {text}{state === 'latched' ? ' (over)' : ''}</li>)}
        </ul>
      )}
      {carried.length > 0 && <p class="alert-carried">Carries: {carriedText(carried)}</p>}
    </>
  )
}

/** Who was told of what nobody answers, and when. */
function ToldLine({ row }: { readonly row: AlertRow }) {
  const words = voicesOf(row).map(toldText).find((text) => text !== '')
  return words === undefined ? null : <p class="told">{words}</p>
}

function Bedside({ row, server }: { readonly row: AlertRow; readonly server: number | null }) {
  // What holds now comes before what is over: a row is quiet only as long as the first is so.
  const quiet = (voicesOf(row).find(isSilencedThere) ?? voicesOf(row).find(({ bedside }) => bedside !== undefined))?.bedside
  return quiet === undefined ? null : <p class="bedside">{bedsideText(quiet, server ?? quiet.at)}</p>
}

type BecauseProps = { readonly alert: AlertView; readonly values: readonly ValueView[]; readonly server: number | null }

function BecauseLines({ alert, values, server }: BecauseProps) {
  const { inputs, limit, missing } = alert.because
  if (inputs.length === 0 && limit === null && missing.length === 0) return null
  return (
    <div class="because">
      {inputs.length > 0 && (
        <ul aria-label="Because">
          {inputs.map(({ name, value, unit, at, timeUncertain }) => (
            <li key={name}>
              {inputText(name, values)} <b>{value}</b> {unitText(unit)} <span class="age">{timeUncertain === true ? 'time uncertain' : server === null ? '' : agoText(server - at)}</span>
            </li>
          ))}
        </ul>
      )}
      {limit !== null && <p>Limit {limit.text}, set by {limit.setBy}</p>}
      {missing.length > 0 && <p>Missing: {missing.map((name) => inputText(name, values)).join(', ')}</p>}
    </div>
  )
}

/** One tap is for all that speak in the row. */
function Acknowledgement({ row }: { readonly row: AlertRow }) {
  const station = useStation()
  const voices = voicesOf(row)
  const newest = voices.reduce((one, other) => ((other.acknowledged?.at ?? 0) > (one.acknowledged?.at ?? 0) ? other : one))
  const alert = voices.find(({ acknowledged }) => acknowledged === null) ?? { ...newest, saved: voices.every(({ saved }) => saved) }
  const { server } = station.receiver.moment.value
  const tap = station.pending.value.get(alert.id)
  if (alert.acknowledged !== null) {
    const { by, at } = alert.acknowledged
    return (
      <p class="acknowledged">
        <span aria-hidden="true">✓</span><span class="heard">Acknowledged by</span> {by}, {momentText(at, server ?? at)}{' '}
        <span class="saved" data-saved={alert.saved}>{alert.saved ? 'saved' : 'saving…'}</span>
      </p>
    )
  }
  if (!mayAct(station.receiver.ward.value?.you.role)) return <p class="hint">Not acknowledged.</p>
  const busy = tap !== undefined && tap.kind !== 'failed'
  const { aim } = station
  const isMissed = aim.missed.value === alert.id
  const click = (event: MouseEvent & { readonly currentTarget: Element }): void =>
    aim.isMeant(event, event.currentTarget) ? void station.acknowledge(alert) : aim.miss(alert.id)
  return (
    <div class="ack">
      {tap?.kind === 'failed' && <p class="failed" role="alert">Not acknowledged. {tap.why}</p>}
      <button
        type="button" class="ack-button" data-aim={`${alert.id} ${gravestOf(row).priority}`} data-missed={isMissed && !busy} disabled={busy} onClick={click}
        onPointerDown={(event) => aim.press(event.currentTarget, event.timeStamp)}
      >
        <span role={isMissed ? 'alert' : undefined}>{busy ? 'Acknowledging…' : isMissed ? 'The list moved: not acknowledged. Tap again' : tap?.kind === 'failed' ? 'Try again' : 'Acknowledge'}</span>
        <span class="heard"> {subjectText(alert)}: {alert.text}</span>
      </button>
    </div>
  )
}

/** Its sound, for a while, and nobody takes care of it by that: the row stays, and whoever is to be called is called. */
function SoundPause({ row }: { readonly row: AlertRow }) {
  const { receiver, aim } = useStation()
  const { said, say } = useSaying()
  const { you, gateway } = receiver.ward.value ?? {}
  const paused = soundPausedText(row)
  const { id, priority } = gravestOf(row)
  const pause = (): void => void say(paths.pause(id), { seconds: webLimits.soundPauseMs / 1_000 }, { words: '', undo: null })
  return (
    <>
      {paused !== '' && <p class="bedside">{paused}</p>}
      {said.kind === 'failed' && <p class="failed" role="alert">Sound not paused. {said.why}</p>}
      {isSounding(row) && gateway?.watching?.isSilent !== true && mayAct(you?.role) && (
        <button
          type="button" class="quiet pause-sound" data-aim={`${id} ${priority}`} disabled={said.kind === 'sending'} onPointerDown={(event) => aim.press(event.currentTarget, event.timeStamp)}
          onClick={(event) => aim.isMeant(event, event.currentTarget) && pause()}
        >
          Pause sound {webLimits.soundPauseMs / 60_000} min<span class="heard"> {subjectText(row.head)}: {row.head.text}</span>
        </button>
      )}
    </>
  )
}
