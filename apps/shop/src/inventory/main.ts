/** The Inventory service: it alone knows what is on the shelf. */
import { runService } from '../kit/service.ts'
import { openInventoryDatabase, stockShelves } from './database.ts'
import { inventoryRoutes, readStock } from './http.ts'
import { inventoryReactions } from './react.ts'

await runService({
  name: 'inventory',
  open: settings => openInventoryDatabase(settings.database),
  recover: context => stockShelves(context.database),
  routes: inventoryRoutes,
  reactions: inventoryReactions,
  done: async database => {
    const rows = await database
      .selectFrom('reservations')
      .select(({ fn }) => ['status', fn.countAll<number>().as('count')])
      .groupBy('status')
      .execute()
    const count = (status: string) => rows.find(row => row.status === status)?.count ?? 0
    return { reserved: count('reserved'), rejected: count('rejected'), released: count('released') }
  },
  books: async database => {
    const stock = await readStock(database)
    const sum = (field: 'initial' | 'available' | 'reserved') => stock.reduce((total, row) => total + row[field], 0)
    return {
      initial: sum('initial'),
      available: sum('available'),
      reserved: sum('reserved'),
      skusOutOfBalance: stock.filter(row => row.initial !== row.available + row.reserved).length,
    }
  },
})
