import { render } from 'preact'
import { App } from './app.tsx'
import { createStation } from './station.ts'

const over = new AbortController()
const root = document.getElementById('page')
if (root === null) throw new Error('the page has no #page')
root.replaceChildren()
render(<App station={createStation(over.signal)} />, root)
