import { quickProves } from './quick.ts'

quickProves('wire')
