/** Order over HTTP: taking orders in both styles, and showing them. */
import type { Kysely } from 'kysely'
import { getOrder, listOrders, listProducts, type OrderAnswer, postOrder } from '../contracts/http.ts'
import { products } from '../contracts/products.ts'
import type { HttpServer } from '../kit/http-server.ts'
import { answerKey, failKey } from '../kit/idempotency-key.ts'
import { HttpProblem } from '../kit/problem.ts'
import type { ServiceContext } from '../kit/service.ts'
import { nextHop } from '../kit/trace.ts'
import type { OrderTables } from './database.ts'
import { takeIn } from './intake.ts'
import { readOrder, readOrders } from './queries.ts'
import { fulfilByCalls, reopen } from './rest.ts'

/** How long a customer waits for the log to say that it has the order; after that the answer is 202. */
const publishedWithinMs = 250

export function orderRoutes(app: HttpServer, context: ServiceContext<OrderTables>): void {
  const { database, relay, now } = context

  const { querystring, headers, body, response } = postOrder
  app.post(postOrder.url, { schema: { querystring, headers, body, response } }, async (request, reply) => {
    const { style } = request.query
    const key = request.headers['idempotency-key']
    const traceparent = nextHop(asText(request.headers.traceparent))
    const intake = await takeIn(database, { request: request.body, style, key, traceparent, now: now() })
    const { claim, order } = intake
    let attempt = 1
    switch (claim.kind) {
      case 'other-request':
        throw new HttpProblem(422, 'This Idempotency-Key was used for another order.', {
          errors: [{ field: 'headers.idempotency-key', message: 'belongs to another order' }],
        })
      case 'in-flight':
        throw new HttpProblem(409, 'A request with this Idempotency-Key is being worked on. Ask again in a moment.')
      case 'answered': {
        reply.header('idempotency-replayed', 'true')
        const eventId = await createdEvent(database, claim.resourceId)
        if (eventId !== null && !(await relay.whenPublished(eventId, publishedWithinMs))) {
          return reply.code(202).send({ orderId: claim.resourceId, status: 'stored' })
        }
        // The stored answer was made by this handler from the same contract.
        return reply.code(claim.statusCode as 201).send(claim.answer as OrderAnswer)
      }
      case 'again':
        attempt = await reopen(database, claim.resourceId, now())
        order.orderId = claim.resourceId
        break
      case 'new':
    }

    if (intake.eventId !== undefined) {
      relay.nudge()
      if (await relay.whenPublished(intake.eventId, publishedWithinMs))
        return reply.code(201).send({ orderId: order.orderId, status: 'pending' })
      return reply.code(202).send({ orderId: order.orderId, status: 'stored' })
    }

    const { answer, unavailable } = await fulfilByCalls(context, { order, attempt, traceparent })
    if (unavailable !== undefined) {
      if (key !== undefined) await failKey(database, key)
      throw new HttpProblem(503, `${unavailable} did not answer, so the order is cancelled.`, {
        orderId: answer.orderId,
      })
    }
    if (key !== undefined) await answerKey(database, key, { statusCode: 201, answer })
    return reply.code(201).send(answer)
  })

  app.get(getOrder.url, { schema: { params: getOrder.params, response: getOrder.response } }, async request => {
    const { orderId } = request.params
    const order = await readOrder(database, orderId)
    if (order === undefined) throw new HttpProblem(404, `There is no order ${orderId}.`)
    return order
  })

  app.get(
    listOrders.url,
    { schema: { querystring: listOrders.querystring, response: listOrders.response } },
    async request => readOrders(database, request.query),
  )

  app.get(listProducts.url, { schema: { response: listProducts.response } }, async () => ({
    products: products.map(({ sku, name, unitPrice, currency }) => ({ sku, name, unitPrice, currency })),
  }))
}

/** @returns null for an order in REST style, which has none */
async function createdEvent(database: Kysely<OrderTables>, orderId: string): Promise<string | null> {
  const row = await database
    .selectFrom('orders')
    .select('created_event_id')
    .where('order_id', '=', orderId)
    .executeTakeFirst()
  return row?.created_event_id ?? null
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
