/** The events as an AsyncAPI 3 document and as JSON Schemas, made from the contracts and from nothing else. */
import { z } from 'zod'
import type { Topic } from './topic.ts'
import { subscriptions, topics } from './topics.ts'

type Json = { [key: string]: unknown }

/** The JSON Schema of each event's data, by type; former versions too, since they are still in the log. */
export function eventSchemas(): Record<string, Json> {
  return Object.fromEntries(
    topics.flatMap(topic => [
      ...Object.entries(topic.events).map(([type, schema]) => [type, schemaOf(type, schema)]),
      ...Object.entries(topic.formerly ?? {}).map(([type, { schema, to }]) => [
        type,
        { ...schemaOf(type, schema), deprecated: true, description: `Read as ${to}; not written any more.` },
      ]),
    ]),
  )
}

export function asyncApi(): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Ottla shop',
      version: '1.0.0',
      description:
        'The events of the shop. CloudEvents 1.0 in binary mode: attributes as `ce_` headers, the data as the value.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map(topic => [topic.name, channel(topic)])),
    operations: operations(),
    components: {
      messages: Object.fromEntries(topics.flatMap(topic => typesOf(topic).map(type => [type, message(type)]))),
      schemas: eventSchemas(),
    },
  }
}

function channel(topic: Topic): Json {
  return {
    address: topic.name,
    messages: Object.fromEntries(typesOf(topic).map(type => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      kafka: {
        topic: topic.name,
        partitions: topic.partitions,
        topicConfiguration: { 'cleanup.policy': [topic.cleanup ?? 'delete'], 'retention.ms': topic.retentionMs },
        bindingVersion: '0.5.0',
      },
    },
  }
}

/** Written by one service each; read by those that subscribe, each in the group of its name. */
function operations(): Json {
  const refs = (topic: Topic) => typesOf(topic).map(type => ({ $ref: `#/channels/${topic.name}/messages/${type}` }))
  const sends = topics.map(topic => [
    `${topic.owner}.send.${topic.name}`,
    { action: 'send', channel: { $ref: `#/channels/${topic.name}` }, messages: refs(topic) },
  ])
  const receives = Object.entries(subscriptions).flatMap(([service, read]) =>
    read.map((topic: Topic) => [
      `${service}.receive.${topic.name}`,
      {
        action: 'receive',
        channel: { $ref: `#/channels/${topic.name}` },
        messages: refs(topic),
        bindings: { kafka: { groupId: { type: 'string', const: service }, bindingVersion: '0.5.0' } },
      },
    ]),
  )
  return Object.fromEntries([...sends, ...receives])
}

function message(type: string): Json {
  return {
    name: type,
    contentType: 'application/json',
    headers: z.toJSONSchema(headers(type), { io: 'input' }),
    payload: { $ref: `#/components/schemas/${type}` },
    bindings: { kafka: { key: { type: 'string', description: 'ce_subject' }, bindingVersion: '0.5.0' } },
  }
}

function headers(type: string) {
  return z.object({
    ce_specversion: z.literal('1.0'),
    ce_id: z.uuid().describe('version 7; a repeated delivery has the same'),
    ce_type: z.literal(type),
    ce_source: z.string(),
    ce_subject: z.string(),
    ce_time: z.iso.datetime(),
    ce_sequence: z
      .string()
      .regex(/^\d{10}$/)
      .describe('counts per subject and writer'),
    ce_causationid: z.uuid().optional(),
    'content-type': z.literal('application/json'),
    traceparent: z.string(),
  })
}

function typesOf(topic: Topic): string[] {
  return [...Object.keys(topic.events), ...Object.keys(topic.formerly ?? {})]
}

function schemaOf(type: string, schema: z.ZodType): Json {
  return { title: type, ...(z.toJSONSchema(schema, { io: 'input' }) as Json) }
}
