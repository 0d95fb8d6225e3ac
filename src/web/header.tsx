import type { ComponentChildren } from 'preact'
import { clockText } from './age.ts'
import type { Connection } from './connection.ts'
import { gravestOf } from '../domain/alert-row.ts'
import { Mark } from './mark.tsx'
import { countByPriority } from './order.ts'
import { SentinelDot } from './sentinel-dot.tsx'
import { SoundButton } from './sound-panel.tsx'
import { addressOf, type Route, useStation } from './station.ts'
import { WhoseBar } from './whose.tsx'
import { mayOpenDevices, priorityText, roleText } from './words.ts'

export function Header() {
  const station = useStation()
  const { receiver } = station
  const ward = receiver.ward.value
  const { server, reception } = receiver.moment.value
  return (
    <header class="top">
      <h1>
        <span class="brand">Vigil</span>
        {ward !== null && <span class="ward">{ward.gateway.ward}</span>}
      </h1>
      {ward !== null && (
        <nav aria-label="Pages">
          <PageLink to="station">Station</PageLink>
          <PageLink to="patients">Patients</PageLink>
          <PageLink to="shift">Shift</PageLink>
          <PageLink to="handover">Handover</PageLink>
          <PageLink to="ward">Ward</PageLink>
          {mayOpenDevices(ward.you.role) && <PageLink to="devices">Devices</PageLink>}
        </nav>
      )}
      <AlertCounts />
      {station.route.value === 'station' && station.openBed.value === null && <WhoseBar />}
      <div class="top-end">
        <SentinelDot />
        <Reception connection={receiver.connection.value} />
        <SoundButton />
        {ward !== null && (
          <span class="you">
            {ward.you.name} <span class="role">{roleText(ward.you.role)}</span>
          </span>
        )}
        {ward !== null && ward.you.role !== 'station' && <button type="button" class="quiet" onClick={() => void station.logout()}>Log out</button>}
        <button type="button" class="quiet round" aria-label="Keys" title="Keys" onClick={() => (station.keysShown.value = true)}>?</button>
        <time class="clock" data-held={reception !== 'receiving'}>{server === null ? '--:--:--' : clockText(server)}</time>
      </div>
    </header>
  )
}

/** Where the list of alerts is out of sight, what is in it; a tap leads there. */
function AlertCounts() {
  const { rows, route, openBed, go } = useStation()
  const counts = countByPriority(rows.value.map(gravestOf))
  const present = (['high', 'medium', 'low'] as const).filter((priority) => counts[priority] > 0)
  if (present.length === 0) return null
  const inSight = route.value !== 'station' ? 'no' : openBed.value === null ? 'yes' : 'beside'
  return (
    <button type="button" class="counts" data-in-sight={inSight} onClick={() => go('station')}>
      <span class="heard">Open alerts:</span>
      {present.map((priority) => (
        <span key={priority} class="counted">
          <Mark priority={priority} />
          <span class="heard">{priorityText(priority)}</span> <b>{counts[priority]}</b>
        </span>
      ))}
    </button>
  )
}

function PageLink({ to, children }: { readonly to: Route; readonly children: ComponentChildren }) {
  const { route, go } = useStation()
  const follow = (event: MouseEvent): void => {
    event.preventDefault()
    go(to)
  }
  return <a href={addressOf(to)} aria-current={route.value === to ? 'page' : undefined} onClick={follow}>{children}</a>
}

function receptionWords({ link, reception }: Connection): string {
  if (reception === 'silent') return 'Not receiving'
  switch (link.kind) {
    case 'live':
      return 'Receiving'
    case 'denied':
      return 'Logged out'
    case 'replaced':
      return 'Open in another window'
    case 'waiting':
    case 'opening':
    case 'opened':
    case 'fresh':
      return reception === 'starting' ? 'Connecting…' : 'Reconnecting…'
  }
}

function Reception({ connection }: { readonly connection: Connection }) {
  const state = connection.reception === 'silent' ? 'silent' : connection.link.kind === 'live' ? 'live' : 'between'
  return <span class="reception" data-state={state} role="status">{receptionWords(connection)}</span>
}
