import { useEffect } from 'preact/hooks'
import { ActorBox } from './actor-box.tsx'
import { AlertAnnouncer } from './alert-announcer.tsx'
import { DemoBanner, SilenceBanner, TroubleNotes } from './banners.tsx'
import { DevicesPage } from './devices-page.tsx'
import { HandoverPage } from './handover-page.tsx'
import { Header } from './header.tsx'
import { KeysHelp } from './keys-help.tsx'
import { LoginPage } from './login-page.tsx'
import { PatientsPage } from './patients-page.tsx'
import { SoundBar, SoundPanel } from './sound-panel.tsx'
import { ShiftPage } from './shift-page.tsx'
import { type Route, type Station, StationProvider, useStation } from './station.ts'
import { WardBanner } from './ward-banner.tsx'
import { WardPage } from './ward-page.tsx'
import { StationPage } from './station-page.tsx'

export function App({ station }: { readonly station: Station }) {
  return (
    <StationProvider value={station}>
      <Frame />
    </StationProvider>
  )
}

/** null: that of the ward. */
const NAMES: Readonly<Record<Route, string | null>> = { station: null, patients: 'Patients', shift: 'Shift', handover: 'Handover', ward: 'Ward', devices: 'Devices', login: 'Log in' }

/** What stands on every screen, around the one that is open. */
function Frame() {
  const { receiver, route, demo } = useStation()
  const { reception } = receiver.moment.value
  useEffect(() => {
    const name = NAMES[route.value] ?? receiver.ward.value?.gateway.ward ?? 'Nurse station'
    document.title = `${reception === 'silent' && route.value !== 'login' ? 'NOT RECEIVING · ' : ''}${demo.value ? 'DEMO · ' : ''}${name} · Vigil`
  })
  return (
    <div class="frame" data-reception={route.value === 'login' ? 'none' : reception} data-demo={demo.value}>
      <DemoBanner />
      <WardBanner />
      <SilenceBanner />
      {route.value !== 'login' && <SoundBar />}
      {route.value !== 'login' && <Header />}
      {route.value !== 'login' && <TroubleNotes />}
      <Screen />
      <AlertAnnouncer />
      <KeysHelp />
      <ActorBox />
      {route.value !== 'login' && <SoundPanel />}
      <footer class="notice">Vigil is a secondary notification system. The bedside monitor stays the primary alarm.</footer>
    </div>
  )
}

function Screen() {
  const { route } = useStation()
  switch (route.value) {
    case 'login':
      return <LoginPage />
    case 'patients':
      return <PatientsPage />
    case 'shift':
      return <ShiftPage />
    case 'handover':
      return <HandoverPage />
    case 'ward':
      return <WardPage />
    case 'devices':
      return <DevicesPage />
    case 'station':
      return <StationPage />
  }
}
