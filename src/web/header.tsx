import type { ComponentChildren } from 'preact'
import { clockText } from './age.ts'
import type { Connection } from './connection.ts'
import { type Route, useStation } from './station.ts'
import { mayOpenDevices, roleText } from './words.ts'

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
      {ward !== null && mayOpenDevices(ward.you.role) && (
        <nav aria-label="Pages">
          <PageLink to="station">Station</PageLink>
          <PageLink to="devices">Devices</PageLink>
        </nav>
      )}
      <div class="top-end">
        <Reception connection={receiver.connection.value} />
        {ward !== null && (
          <span class="you">
            {ward.you.name} <span class="role">{roleText(ward.you.role)}</span>
          </span>
        )}
        {ward !== null && <button type="button" class="quiet" onClick={() => void station.logout()}>Log out</button>}
        <button type="button" class="quiet round" aria-label="Keys" title="Keys" onClick={() => (station.keysShown.value = true)}>?</button>
        <time class="clock" data-held={reception !== 'receiving'}>{server === null ? '--:--:--' : clockText(server)}</time>
      </div>
    </header>
  )
}

function PageLink({ to, children }: { readonly to: Route; readonly children: ComponentChildren }) {
  const { route, go } = useStation()
  const follow = (event: MouseEvent): void => {
    event.preventDefault()
    go(to)
  }
  return <a href={to === 'devices' ? '/devices' : '/'} aria-current={route.value === to ? 'page' : undefined} onClick={follow}>{children}</a>
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
