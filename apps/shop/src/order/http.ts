/** Order over HTTP: taking orders in every style, and showing them. */
import {
  eraseCustomer,
  getOrder,
  listOrders,
  listProducts,
  type OrderAnswer,
  type Problem,
  postOrder,
} from '../contracts/http.ts'
import { products } from '../contracts/products.ts'
import type { HttpServer } from '../kit/http-server.ts'
import { HttpProblem, sendProblem } from '../kit/problem.ts'
import { nextHop } from '../kit/trace.ts'
import { lookUntil, waitMs } from '../kit/wait.ts'
import { erase } from './customers.ts'
import type { OrderContext } from './peers.ts'
import { Placing } from './place.ts'
import { readOrder, readOrders } from './queries.ts'

export function orderRoutes(app: HttpServer, context: OrderContext): void {
  const { database } = context
  const placing = new Placing(context)

  const { querystring, headers, body, response } = postOrder
  app.post(postOrder.url, { schema: { querystring, headers, body, response } }, async (request, reply) => {
    const { style } = request.query
    const traceparent = nextHop(asText(request.headers.traceparent))
    const key = request.headers['idempotency-key']
    const placed = await placing.place({ request: request.body, style, key, traceparent })
    if (placed.isReplayed) reply.header('idempotency-replayed', 'true')
    if (placed.position !== undefined) reply.header('position', placed.position)
    reply.header('traceparent', traceparent)
    const { statusCode, answer } = placed
    if (statusCode === 402) return sendProblem(reply, 402, answer as Problem)
    return reply.code(statusCode).send(answer as OrderAnswer)
  })

  app.get(getOrder.url, { schema: { params: getOrder.params, response: getOrder.response } }, async request => {
    const { orderId } = request.params
    const order = await lookUntil(
      () => readOrder(database, orderId),
      found => found === undefined || found.status === 'confirmed' || found.status === 'cancelled',
      waitMs(request.headers.prefer),
    )
    if (order === undefined) throw new HttpProblem(404, `There is no order ${orderId}.`)
    return order
  })

  app.get(
    listOrders.url,
    { schema: { querystring: listOrders.querystring, response: listOrders.response } },
    async request => readOrders(database, request.query),
  )

  app.delete(
    eraseCustomer.url,
    { schema: { params: eraseCustomer.params, response: eraseCustomer.response } },
    async request => {
      const { customerId } = request.params
      const circumstances = { traceparent: nextHop(asText(request.headers.traceparent)), now: context.now() }
      const erased = await database.transaction().execute(tx => erase(tx, customerId, circumstances))
      context.relay.nudge()
      return { erased }
    },
  )

  app.get(listProducts.url, { schema: { response: listProducts.response } }, async () => ({
    products: products.map(({ sku, name, unitPrice, currency }) => ({ sku, name, unitPrice, currency })),
  }))
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
