import { useEffect } from 'preact/hooks'
import { AlertAnnouncer } from './alert-announcer.tsx'
import { DemoBanner, SilenceBanner, TroubleNotes } from './banners.tsx'
import { DevicesPage } from './devices-page.tsx'
import { Header } from './header.tsx'
import { KeysHelp } from './keys-help.tsx'
import { LoginPage } from './login-page.tsx'
import { PatientsPage } from './patients-page.tsx'
import { type Station, StationProvider, useStation } from './station.ts'
import { StationPage } from './station-page.tsx'

export function App({ station }: { readonly station: Station }) {
  return (
    <StationProvider value={station}>
      <Frame />
    </StationProvider>
  )
}

/** What stands on every screen, around the one that is open. */
function Frame() {
  const { receiver, route, demo } = useStation()
  const { reception } = receiver.moment.value
  useEffect(() => {
    const name = route.value === 'devices' ? 'Devices' : route.value === 'patients' ? 'Patients' : route.value === 'login' ? 'Log in' : (receiver.ward.value?.gateway.ward ?? 'Nurse station')
    document.title = `${reception === 'silent' && route.value !== 'login' ? 'NOT RECEIVING · ' : ''}${demo.value ? 'DEMO · ' : ''}${name} · Vigil`
  })
  return (
    <div class="frame" data-reception={route.value === 'login' ? 'none' : reception} data-demo={demo.value}>
      <DemoBanner />
      <SilenceBanner />
      {route.value !== 'login' && <Header />}
      {route.value !== 'login' && <TroubleNotes />}
      <Screen />
      <AlertAnnouncer />
      <KeysHelp />
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
    case 'devices':
      return <DevicesPage />
    case 'station':
      return <StationPage />
  }
}
