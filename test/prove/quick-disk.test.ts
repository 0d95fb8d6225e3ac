import { quickProves } from './quick.ts'

quickProves('disk')
