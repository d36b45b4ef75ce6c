/** Inventory over HTTP: what the other services call in REST style, and what it can be asked. */
import type { Kysely } from 'kysely'
import { getStock, listStock, reserveAnswer, reserveRequest, undoAnswer, undoRequest } from '../contracts/http.ts'
import { findProduct } from '../contracts/products.ts'
import type { HttpServer } from '../kit/http-server.ts'
import { HttpProblem } from '../kit/problem.ts'
import type { ServiceContext } from '../kit/service.ts'
import { serve } from '../kit/spans.ts'
import type { InventoryTables } from './database.ts'
import { release, reserve } from './reserve.ts'

export function inventoryRoutes(app: HttpServer, { database, now }: ServiceContext<InventoryTables>): void {
  app.post('/reservations', { schema: { body: reserveRequest, response: { 200: reserveAnswer } } }, async request => {
    const trace = serve(request, request.body.orderId)
    return database.transaction().execute(async transaction => {
      const result = await reserve(transaction, request.body, now())
      await trace.end<InventoryTables>(transaction, 'reserve')
      return result
    })
  })

  app.post('/releases', { schema: { body: undoRequest, response: { 200: undoAnswer } } }, async request => {
    const trace = serve(request, request.body.orderId)
    const released = await database.transaction().execute(async transaction => {
      const result = await release(transaction, request.body, now())
      await trace.end<InventoryTables>(transaction, 'release')
      return result
    })
    return { undone: released !== undefined }
  })

  app.get(listStock.url, { schema: { response: listStock.response } }, async () => ({
    stock: await readStock(database),
  }))

  const { params, response } = getStock
  app.get(getStock.url, { schema: { params, response } }, async request => {
    const found = (await readStock(database)).find(row => row.sku === request.params.sku)
    if (found === undefined) throw new HttpProblem(404, `There is no product ${request.params.sku}.`)
    return found
  })
}

export async function readStock(database: Kysely<InventoryTables>) {
  const stock = await database.selectFrom('stock').selectAll().orderBy('sku').execute()
  const reserved = await database
    .selectFrom('reservation_lines')
    .innerJoin('reservations', 'reservations.reservation_id', 'reservation_lines.reservation_id')
    .select(({ fn }) => ['sku', fn.sum<number>('quantity').as('quantity')])
    .where('status', '=', 'reserved')
    .groupBy('sku')
    .execute()
  return stock.map(row => ({
    sku: row.sku,
    name: findProduct(row.sku)?.name ?? row.sku,
    initial: row.initial,
    available: row.available,
    reserved: reserved.find(line => line.sku === row.sku)?.quantity ?? 0,
  }))
}
