/** The API description (OpenAPI 3.1), made from the table of routes and the zod schemas: it cannot be out of date. */

import { z } from 'zod'
import { COOKIE } from './guard.ts'
import { FAILURES, type Route } from './route.ts'
import { SCHEMAS } from './views.ts'

type Json = Readonly<Record<string, unknown>>

export function describeApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Vigil gateway',
      version,
      description:
        'A secondary notification system: the bedside monitor stays the primary alarm. On /ws the gateway sends ServerMessage and takes ClientMessage. Any POST may carry `actor` (Actor) in its body beside what it asks: it is done in that person’s name. A screen of the ward (role station) may ask what a nurse may, and has to say it with each.',
    },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: COOKIE } },
    },
  }
}

function operationOf({ access, summary, method, gives, body, params, query }: Route): Json {
  return {
    summary,
    ...(access === 'public' ? { security: [] } : { security: [{ session: [] }], 'x-roles': access }),
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(method === 'POST' ? { requestBody: { required: true, content: jsonOf(body) } } : {}),
    responses: {
      200: { description: 'Done.', content: gives ? jsonOf(gives) : { 'application/json': {} } },
      ...Object.fromEntries(FAILURES.map((status) => [status, { description: STATUS_WORDS[status], content: jsonOf(SCHEMAS.Failure) }])),
    },
  }
}

const STATUS_WORDS: Readonly<Record<(typeof FAILURES)[number], string>> = {
  400: 'Not readable.',
  401: 'Not signed in.',
  403: 'Not allowed, or not from a page of this gateway.',
  404: 'Not there.',
  409: 'Not possible as things are.',
  422: 'Not understood.',
  429: 'Too much, or too often.',
  500: 'A fault of the gateway.',
}

const jsonOf = (schema: z.ZodType): Json => ({ 'application/json': { schema: referenceTo(schema) } })

function referenceTo(schema: z.ZodType): Json {
  const name = Object.entries(SCHEMAS).find(([, named]) => named === schema)?.[0]
  return name === undefined ? plain(z.toJSONSchema(schema, { io: 'input' })) : { $ref: `#/components/schemas/${name}` }
}

function parametersOf(schema: z.ZodType, place: 'path' | 'query'): readonly Json[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' })
  return Object.entries(properties).map(([name, shape]) => ({ name, in: place, required: place === 'path', schema: shape }))
}

function componentSchemas(): Json {
  const named = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(SCHEMAS)) named.add(schema, { id })
  const { schemas } = z.toJSONSchema(named, { uri: (id) => `#/components/schemas/${id}`, io: 'input' })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema)]))
}

/** Inside an OpenAPI document the dialect and the id are said once, by the document. */
function plain({ $schema: _schema, $id: _id, ...schema }: { readonly $schema?: unknown; readonly $id?: unknown }): Json {
  return schema
}
