/** The log for people who look: what is in it, who has read how far, one record whole, and a group moved back. */
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { subscriptions, topics } from '../../contracts/topics.ts'
import { HttpProblem } from '../../kit/problem.ts'
import type { RecordDetail } from './log-types.ts'
import { type GroupMover, GroupNotEmptyError } from './move-group.ts'
import type { LogRecord, RecordReader } from './record-reader.ts'

const onLog = z.object({ topic: z.string(), partition: z.coerce.number().int().min(0) })

export function addLogApi(root: FastifyInstance, options: { reader: RecordReader; mover: GroupMover }): void {
  const { reader, mover } = options
  root.register(async scope => {
    const app = scope.withTypeProvider<ZodTypeProvider>()
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(serializerCompiler)

    app.get(
      '/stage/log/:topic/:partition/:offset',
      { schema: { hide: true, params: onLog.extend({ offset: z.coerce.number().int().min(0) }) } },
      async ({ params: { topic, partition, offset } }) => {
        assertOnLog(topic, partition)
        const [record] = await read(topic, partition, offset)
        if (record === undefined || record.offset !== offset)
          throw new HttpProblem(404, `There is no record at ${topic}/${partition}@${offset}.`)
        return detail(topic, record)
      },
    )

    app.get(
      '/stage/log/:topic/:partition',
      {
        schema: {
          hide: true,
          params: onLog,
          querystring: z.object({
            from: z.coerce.number().int().min(0).default(0),
            limit: z.coerce.number().int().min(1).max(200).default(50),
          }),
        },
      },
      async ({ params: { topic, partition }, query: { from, limit } }) => {
        assertOnLog(topic, partition)
        const records = await read(topic, partition, from)
        return { records: records.slice(0, limit).map(record => detail(topic, record)) }
      },
    )

    app.post(
      '/stage/groups/:group/move',
      {
        schema: {
          hide: true,
          params: z.object({ group: z.string() }),
          body: z.strictObject({
            topic: z.string(),
            partition: z.int().min(0).optional().describe('all of them without it'),
            offset: z.int().min(0).describe('the next one that the group reads'),
          }),
        },
      },
      async ({ params: { group }, body }) => {
        const read = Object.entries(subscriptions).find(([name]) => name === group)?.[1]
        const topic = read?.find(({ name }) => name === body.topic)
        if (topic === undefined) throw new HttpProblem(404, `There is no group ${group} that reads ${body.topic}.`)
        const all = Array.from({ length: topic.partitions }, (_, partition) => partition)
        if (body.partition !== undefined) assertOnLog(body.topic, body.partition)
        const partitions = body.partition === undefined ? all : [body.partition]
        try {
          await mover.move(group, { topic: topic.name, partitions, offset: body.offset })
        } catch (error) {
          if (error instanceof GroupNotEmptyError) throw new HttpProblem(409, error.message)
          throw error
        }
        return { group, topic: topic.name, partitions, offset: body.offset }
      },
    )
  })

  async function read(topic: string, partition: number, offset: number): Promise<readonly LogRecord[]> {
    try {
      return await reader.read(topic, new Map([[partition, offset]]), { waitMs: 0 })
    } catch {
      throw new HttpProblem(503, 'The broker does not answer.')
    }
  }
}

function assertOnLog(topic: string, partition: number): void {
  const found = topics.find(({ name }) => name === topic)
  if (found === undefined || partition >= found.partitions)
    throw new HttpProblem(404, `The shop has no partition ${topic}/${partition}.`)
}

function detail(topic: string, record: LogRecord): RecordDetail {
  return {
    topic,
    partition: record.partition,
    offset: record.offset,
    type: record.headers.ce_type ?? '',
    subject: record.headers.ce_subject ?? record.key,
    at: record.timestampMs,
    headers: record.headers,
    value: record.value?.toString() ?? null,
  }
}
